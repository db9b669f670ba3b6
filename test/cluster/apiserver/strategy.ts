import type { KubeObject, NewObject } from '../store.ts';
import type { ResourceRequest } from './context.ts';

/** What one kind of object does differently from the others; every part is optional. */
export interface Strategy {
  /** Fills in defaults and refuses a wrong object, before it is stored. */
  prepareCreate?(request: ResourceRequest, object: NewObject): void;
  /** Refuses or completes a change; may change `next`. */
  prepareUpdate?(request: ResourceRequest, previous: KubeObject, next: KubeObject): void;
  /** Deletes the object in its own way; gives what the client is told. */
  remove?(request: ResourceRequest, object: KubeObject, options: DeleteOptions): unknown;
}

export interface DeleteOptions {
  /** Seconds; undefined for the object's own default. */
  readonly gracePeriodSeconds: number | undefined;
  /** Whether what the object owns outlives it. */
  readonly orphans?: boolean;
}
