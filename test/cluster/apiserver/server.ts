import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Runtime } from '../runtime.ts';
import type { Store } from '../store.ts';
import { authenticate } from './authenticate.ts';
import { Authorizer, refusal } from './authorize.ts';
import { bootstrap } from './bootstrap.ts';
import { makeCertificates } from './certificates.ts';
import type { Connection } from './connections.ts';
import type { Cluster } from './context.ts';
import { connectStream } from './exec.ts';
import { History } from './history.ts';
import { impersonate } from './impersonate.ts';
import { writeKubeconfigs } from './kubeconfigFiles.ts';
import { type Handlers, listen } from './listener.ts';
import { keepNamespaces } from './namespaces.ts';
import { handlePath } from './pathHandlers.ts';
import { handleResource } from './resourceHandlers.ts';
import { findResource } from './resources.ts';
import { parseRoute, type ResourceRoute, type Route } from './route.ts';
import { badRequest, noSuchResource, qualifiedName } from './status.ts';
import { Tokens } from './tokens.ts';
import type { User } from './users.ts';

export interface ApiServerOptions {
  readonly store: Store;
  readonly runtime: Runtime;
  readonly host: '127.0.0.1';
  /** An existing folder, for certificates, keys and kubeconfig files. */
  readonly folder: string;
}

export interface ApiServer {
  readonly port: number;
  /** User name -> path of a kubeconfig file. */
  readonly kubeconfigs: Record<string, string>;
  close(): Promise<void>;
}

/** Starts an HTTPS server on free ports of `host` that implements enough of Kubernetes for kubectl. */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { store, runtime, host, folder } = options;
  const certificates = await makeCertificates(folder, host);
  bootstrap(store);
  const cluster: Cluster = {
    store,
    runtime,
    history: new History(store),
    tokens: new Tokens(store),
    authorizer: new Authorizer(store),
  };
  const release = keepNamespaces(cluster);
  const listener = await listen(certificates, host, handlersOf(cluster));
  const kubeconfigs = await writeKubeconfigs(
    folder,
    `https://${host}:${listener.port}`,
    certificates,
    cluster.tokens,
  );
  return {
    port: listener.port,
    kubeconfigs,
    async close() {
      release();
      cluster.history.close();
      await listener.close();
    },
  };
}

function handlersOf(cluster: Cluster): Handlers {
  return {
    request: (incoming, response, connection) =>
      handleRequest(cluster, incoming, response, connection),
    upgrade: (incoming, socket, head) => handleUpgrade(cluster, incoming, socket, head),
  };
}

async function handleRequest(
  cluster: Cluster,
  incoming: IncomingMessage,
  response: ServerResponse,
  connection: Connection,
): Promise<void> {
  const { user, route, url } = admit(cluster, incoming);
  if (route.type === 'path') return handlePath(incoming, response, route.path);
  const kind = findResource(route.group, route.version, route.resource);
  if (!kind) throw noSuchResource();
  await handleResource({
    cluster,
    user,
    route,
    kind,
    resource: qualifiedName(kind),
    query: url.searchParams,
    incoming,
    response,
    connection,
  });
}

async function handleUpgrade(
  cluster: Cluster,
  incoming: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  const { user, route, url } = admit(cluster, incoming);
  if (route.type !== 'resource' || !isPodStream(route)) {
    throw badRequest('this resource cannot be upgraded');
  }
  await connectStream({
    cluster,
    user,
    route,
    query: url.searchParams,
    incoming,
    socket,
    head,
  });
}

function isPodStream(
  route: ResourceRoute,
): route is ResourceRoute & { subresource: 'exec' | 'attach' | 'portforward' } {
  return (
    route.group === '' &&
    route.resource === 'pods' &&
    ['exec', 'attach', 'portforward'].includes(route.subresource)
  );
}

/** Determines the user and the route of a request. Throws 401 and 403. */
function admit(
  cluster: Cluster,
  incoming: IncomingMessage,
): { user: User; route: Route; url: URL } {
  const url = new URL(incoming.url ?? '/', 'https://localhost');
  const route = parseRoute(incoming.method ?? 'GET', url);
  const user = impersonate(incoming, authenticate(incoming, cluster.tokens), cluster.authorizer);
  if (!cluster.authorizer.allows(user, route)) throw refusal(user, route);
  return { user, route, url };
}
