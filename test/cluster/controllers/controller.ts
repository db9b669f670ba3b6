import { isDeepStrictEqual } from 'node:util';
import type { JsonObject } from '../apiserver/json.ts';
import type { KubeObject, OwnerReference, Store } from '../store.ts';
import type { Mirror } from './mirror.ts';
import { recordEvent } from './objectEvents.ts';

/** The state that controllers share. */
export interface World {
  readonly store: Store;
  readonly mirror: Mirror;
}

/** Reconciles the objects of one kind. */
export interface Controller {
  /** Resource of the objects: `deployments.apps`. */
  readonly resource: string;
  /** Does what is required now. Returns the milliseconds after which to check again in any case. */
  readonly reconcile: (world: World, object: KubeObject) => number | undefined;
}

/** Writes the status if it has changed. */
export function writeStatus(
  { store }: World,
  resource: string,
  { metadata, status }: KubeObject,
  next: JsonObject,
): void {
  // JSON does not contain undefined values either.
  const plain: JsonObject = JSON.parse(JSON.stringify(next));
  if (isDeepStrictEqual(plain, status)) return;
  store.update(resource, metadata.namespace, metadata.name, (object) =>
    object.metadata.uid === metadata.uid ? { ...object, status: plain } : object,
  );
}

/** The owner reference to an object. */
export function ownedBy({ apiVersion, kind, metadata }: KubeObject): OwnerReference {
  const { name, uid } = metadata;
  return { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true };
}

/** Records what a controller did as an event about its object. */
export function tell(
  { store }: World,
  component: string,
  about: KubeObject,
  type: 'Normal' | 'Warning',
  reason: string,
  message: string,
): void {
  recordEvent(store, { component, about, type, reason, message });
}

/** Omits a count of zero, as Go's `omitempty` does. */
export function nonZero(count: number): number | undefined {
  return count === 0 ? undefined : count;
}
