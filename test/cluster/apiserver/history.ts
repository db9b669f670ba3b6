import type { KubeObject, Store, StoreEvent } from '../store.ts';
import { RESOURCES } from './resources.ts';
import { qualifiedName } from './status.ts';

/** A change and the previous object: a watch with a selector must know whether that matched. */
export interface Change extends StoreEvent {
  readonly version: number;
  readonly previous: KubeObject | undefined;
}

/** How many changes a watch can go back. */
const KEPT_CHANGES = 4096;

/** The latest changes of the store, so that a watch can start in the past. */
export class History {
  readonly #changes: Change[] = [];
  /** Oldest version from which every later change is known. */
  #oldest: number;
  readonly #latest = new Map<string, KubeObject>();
  readonly #listeners = new Set<(change: Change) => void>();
  readonly #unsubscribe: () => void;

  constructor(store: Store) {
    this.#oldest = Number(store.resourceVersion);
    for (const kind of RESOURCES) {
      const resource = qualifiedName(kind);
      for (const object of store.list(resource)) this.#latest.set(keyOf(resource, object), object);
    }
    this.#unsubscribe = store.subscribe((event) => this.#record(event));
  }

  get oldest(): number {
    return this.#oldest;
  }

  /** The changes after that version, oldest first. */
  since(version: number): Change[] {
    return this.#changes.filter((change) => change.version > version);
  }

  /** The objects of a resource as they were at that version, which must not be older than `oldest`. */
  at(version: number, resource: string): KubeObject[] {
    const objects = new Map([...this.#latest].filter(([key]) => key.startsWith(`${resource}/`)));
    for (const change of this.since(version).toReversed()) {
      if (change.resource !== resource) continue;
      const key = keyOf(resource, change.object);
      if (change.previous) objects.set(key, change.previous);
      else objects.delete(key);
    }
    return [...objects.values()];
  }

  subscribe(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    this.#unsubscribe();
    this.#listeners.clear();
  }

  #record(event: StoreEvent): void {
    const key = keyOf(event.resource, event.object);
    const version = Number(event.object.metadata.resourceVersion);
    const change: Change = { ...event, version, previous: this.#latest.get(key) };
    if (event.type === 'DELETED') this.#latest.delete(key);
    else this.#latest.set(key, event.object);
    this.#changes.push(change);
    if (this.#changes.length > 2 * KEPT_CHANGES) {
      const dropped = this.#changes.splice(0, this.#changes.length - KEPT_CHANGES);
      this.#oldest = dropped.at(-1)?.version ?? this.#oldest;
    }
    for (const listener of this.#listeners) listener(change);
  }
}

function keyOf(resource: string, object: KubeObject): string {
  return `${resource}/${object.metadata.namespace ?? ''}/${object.metadata.name}`;
}
