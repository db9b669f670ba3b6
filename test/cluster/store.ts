import { randomUUID } from 'node:crypto';

/** A reference to the owner that created this object, and whose deletion deletes it. */
export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/** The part of every Kubernetes object that the store itself reads and writes. */
export interface ObjectMeta {
  name: string;
  generateName?: string;
  namespace?: string;
  uid: string;
  resourceVersion: string;
  creationTimestamp: string;
  generation?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  ownerReferences?: OwnerReference[];
}

export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  [field: string]: unknown;
}

/** A new object as sent by a client. The store completes its metadata. */
export interface NewObject {
  apiVersion: string;
  kind: string;
  metadata: Partial<ObjectMeta> & { name: string };
  [field: string]: unknown;
}

export interface StoreEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  /** Plural resource with its group, if any: `pods`, `deployments.apps`. */
  readonly resource: string;
  readonly object: KubeObject;
}

/**
 * The cluster's state: one ordered history of objects, as in etcd. Returned objects are copies, so that nobody can
 * change the history. Every change gets the next resourceVersion.
 */
export class Store {
  #version = 1000;
  readonly #objects = new Map<string, Map<string, KubeObject>>();
  readonly #listeners = new Set<(event: StoreEvent) => void>();
  readonly #pending: StoreEvent[] = [];
  #emitting = false;

  get resourceVersion(): string {
    return String(this.#version);
  }

  /** Returns the stored copy, or undefined if an object with that name already exists. */
  create(resource: string, object: NewObject): KubeObject | undefined {
    const objects = this.#of(resource);
    const key = keyOf(object.metadata.namespace, object.metadata.name);
    if (objects.has(key)) return undefined;
    const stored: KubeObject = structuredClone({
      ...object,
      metadata: {
        ...object.metadata,
        uid: object.metadata.uid ?? randomUUID(),
        creationTimestamp: object.metadata.creationTimestamp ?? now(),
        resourceVersion: this.#next(),
      },
    });
    objects.set(key, stored);
    this.#emit('ADDED', resource, stored);
    return structuredClone(stored);
  }

  get(resource: string, namespace: string | undefined, name: string): KubeObject | undefined {
    const found = this.#of(resource).get(keyOf(namespace, name));
    return found && structuredClone(found);
  }

  list(resource: string, namespace?: string): KubeObject[] {
    const all = [...this.#of(resource).values()];
    const chosen =
      namespace === undefined ? all : all.filter((o) => o.metadata.namespace === namespace);
    return structuredClone(chosen);
  }

  /**
   * Applies a change to a copy of the newest version and stores it. Undefined if the object does not exist. `change`
   * may throw to refuse.
   */
  update(
    resource: string,
    namespace: string | undefined,
    name: string,
    change: (object: KubeObject) => KubeObject | undefined,
  ): KubeObject | undefined {
    const objects = this.#of(resource);
    const key = keyOf(namespace, name);
    const before = objects.get(key);
    if (!before) return undefined;
    const draft = structuredClone(before);
    const after = change(draft) ?? draft;
    after.metadata.resourceVersion = this.#next();
    objects.set(key, after);
    this.#emit('MODIFIED', resource, after);
    return structuredClone(after);
  }

  remove(resource: string, namespace: string | undefined, name: string): KubeObject | undefined {
    const objects = this.#of(resource);
    const key = keyOf(namespace, name);
    const removed = objects.get(key);
    if (!removed) return undefined;
    objects.delete(key);
    removed.metadata.resourceVersion = this.#next();
    this.#emit('DELETED', resource, removed);
    return structuredClone(removed);
  }

  /** Calls `listener` after every change, in order. Returns the function that ends it. */
  subscribe(listener: (event: StoreEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #of(resource: string): Map<string, KubeObject> {
    let objects = this.#objects.get(resource);
    if (!objects) {
      objects = new Map();
      this.#objects.set(resource, objects);
    }
    return objects;
  }

  #next(): string {
    this.#version += 1;
    return String(this.#version);
  }

  // A listener may change the store. The others must still see the changes in order.
  #emit(type: StoreEvent['type'], resource: string, object: KubeObject): void {
    this.#pending.push({ type, resource, object: structuredClone(object) });
    if (this.#emitting) return;
    this.#emitting = true;
    try {
      for (let event = this.#pending.shift(); event; event = this.#pending.shift()) {
        for (const listener of this.#listeners) {
          listener({ ...event, object: structuredClone(event.object) });
        }
      }
    } finally {
      this.#emitting = false;
    }
  }
}

/** RFC 3339 in whole seconds, as Kubernetes writes times. */
export function now(): string {
  return new Date().toISOString().replace(/\.\d+Z$/, 'Z');
}

function keyOf(namespace: string | undefined, name: string): string {
  return `${namespace ?? ''}/${name}`;
}
