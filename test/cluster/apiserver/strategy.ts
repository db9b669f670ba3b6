import type { KubeObject, NewObject } from '../store.ts';
import type { ResourceRequest } from './context.ts';

/** The special behaviour of a kind of object. Every part is optional. */
export interface Strategy {
  /** Sets defaults and rejects an invalid object before it is stored. */
  prepareCreate?(request: ResourceRequest, object: NewObject): void;
  /** Rejects or completes a change. May modify `next`. */
  prepareUpdate?(request: ResourceRequest, previous: KubeObject, next: KubeObject): void;
  /** Deletes the object in a special way. Returns the response for the client. */
  remove?(request: ResourceRequest, object: KubeObject, options: DeleteOptions): unknown;
}

export interface DeleteOptions {
  /** Seconds. Undefined for the object's own default. */
  readonly gracePeriodSeconds: number | undefined;
  /** Whether owned objects are kept. */
  readonly orphans?: boolean;
}
