import type { KubeObject, Store } from '../store.ts';

const none: ReadonlyMap<string, KubeObject> = new Map();

/**
 * The store's objects for the controllers: without a copy for every read, and indexed by owner. The returned objects
 * must not be changed.
 */
export class Mirror {
  readonly #objects = new Map<string, Map<string, KubeObject>>();
  readonly #dependents = new Map<string, Map<string, KubeObject>>();

  constructor(store: Store, resources: readonly string[]) {
    for (const resource of resources) {
      this.#objects.set(resource, new Map());
      for (const object of store.list(resource)) this.put(resource, object);
    }
  }

  get(resource: string, namespace: string | undefined, name: string): KubeObject | undefined {
    return this.#of(resource).get(keyOf(namespace, name));
  }

  list(resource: string, namespace?: string): KubeObject[] {
    const all = [...this.#of(resource).values()];
    return namespace === undefined
      ? all
      : all.filter(({ metadata }) => metadata.namespace === namespace);
  }

  /** The objects of that kind that the owner controls. */
  controlled(resource: string, owner: KubeObject): KubeObject[] {
    const { uid } = owner.metadata;
    return [...(this.#dependents.get(uid) ?? none)]
      .filter(([key]) => key.startsWith(`${resource} `))
      .map(([, object]) => object)
      .filter((object) => controllerOf(object)?.uid === uid);
  }

  /** Every object that has this uid as an owner, with its resource. */
  dependents(uid: string): { resource: string; object: KubeObject }[] {
    return [...(this.#dependents.get(uid) ?? none)].map(([key, object]) => ({
      resource: key.slice(0, key.indexOf(' ')),
      object,
    }));
  }

  /** Stores a new version, and returns the previous one. */
  put(resource: string, object: KubeObject): KubeObject | undefined {
    const before = this.take(resource, object);
    const { namespace, name, ownerReferences = [] } = object.metadata;
    this.#objects.get(resource)?.set(keyOf(namespace, name), object);
    for (const { uid } of ownerReferences) {
      const dependents = this.#dependents.get(uid) ?? new Map<string, KubeObject>();
      dependents.set(`${resource} ${keyOf(namespace, name)}`, object);
      this.#dependents.set(uid, dependents);
    }
    return before;
  }

  /** Removes an object, and returns it. */
  take(resource: string, { metadata }: KubeObject): KubeObject | undefined {
    const key = keyOf(metadata.namespace, metadata.name);
    const before = this.#of(resource).get(key);
    this.#objects.get(resource)?.delete(key);
    for (const { uid } of before?.metadata.ownerReferences ?? []) {
      const dependents = this.#dependents.get(uid);
      dependents?.delete(`${resource} ${key}`);
      if (dependents?.size === 0) this.#dependents.delete(uid);
    }
    return before;
  }

  #of(resource: string): ReadonlyMap<string, KubeObject> {
    return this.#objects.get(resource) ?? none;
  }
}

/** The owner that created the object and controls it. */
export function controllerOf({ metadata }: KubeObject) {
  return metadata.ownerReferences?.find(({ controller }) => controller === true);
}

function keyOf(namespace: string | undefined, name: string): string {
  return `${namespace ?? ''}/${name}`;
}
