import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Runtime } from '../runtime.ts';
import type { Store } from '../store.ts';
import type { Authorizer } from './authorize.ts';
import type { Connection } from './connections.ts';
import type { History } from './history.ts';
import type { ResourceKind } from './resources.ts';
import type { ResourceRoute } from './route.ts';
import type { Tokens } from './tokens.ts';
import type { User } from './users.ts';

/** The state that all handlers share. */
export interface Cluster {
  readonly store: Store;
  readonly runtime: Runtime;
  readonly history: History;
  readonly tokens: Tokens;
  readonly authorizer: Authorizer;
}

/** One authorized request for a resource. */
export interface ResourceRequest {
  readonly cluster: Cluster;
  readonly user: User;
  readonly route: ResourceRoute;
  readonly kind: ResourceKind;
  /** The resource's name in the store. */
  readonly resource: string;
  readonly query: URLSearchParams;
  readonly incoming: IncomingMessage;
  readonly response: ServerResponse;
  readonly connection: Connection;
}

/** The namespace that objects of the request's resource are stored in. */
export function storedNamespace({ kind, route }: ResourceRequest): string | undefined {
  return kind.namespaced && route.namespace ? route.namespace : undefined;
}
