import type { KubeObject } from '../store.ts';
import { type Controller, tell, type World } from './controller.ts';

/** How long to wait after a controller has failed, in milliseconds. */
const RETRY = 5_000;

/** Objects to reconcile, each once however often it has changed. */
export class Queue {
  readonly #world: World;
  readonly #controllers: ReadonlyMap<string, Controller>;
  readonly #due = new Map<
    string,
    { resource: string; namespace: string | undefined; name: string }
  >();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  #closed = false;
  #scheduled = false;

  constructor(world: World, controllers: readonly Controller[]) {
    this.#world = world;
    this.#controllers = new Map(controllers.map((controller) => [controller.resource, controller]));
  }

  add(resource: string, { metadata: { namespace, name } }: KubeObject): void {
    if (!this.#controllers.has(resource) || this.#closed) return;
    this.#due.set(`${resource} ${namespace}/${name}`, { resource, namespace, name });
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#drain());
  }

  addAll(resource: string, namespace?: string): void {
    for (const object of this.#world.mirror.list(resource, namespace)) this.add(resource, object);
  }

  /** Adds the quotas that may count an object. */
  addCounters(resource: string, { metadata }: KubeObject): void {
    if (resource !== 'events') this.addAll('resourcequotas', metadata.namespace ?? '');
  }

  /** Runs an action unless the queue is closed. */
  run(action: () => void): void {
    if (!this.#closed) action();
  }

  close(): void {
    this.#closed = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }

  #drain(): void {
    this.#scheduled = false;
    const due = [...this.#due];
    this.#due.clear();
    for (const [key, { resource, namespace, name }] of due) {
      if (this.#closed) return;
      const object = this.#world.mirror.get(resource, namespace, name);
      if (object && !this.#isGoing(namespace)) this.#look(key, resource, object);
    }
  }

  #look(key: string, resource: string, object: KubeObject): void {
    clearTimeout(this.#timers.get(key));
    this.#timers.delete(key);
    let again: number | undefined;
    try {
      again = this.#controllers.get(resource)?.reconcile(this.#world, object);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      tell(
        this.#world,
        `${object.kind.toLowerCase()}-controller`,
        object,
        'Warning',
        'SyncError',
        why,
      );
      again = RETRY;
    }
    if (again === undefined || this.#closed) return;
    const timer = setTimeout(() => this.add(resource, object), again);
    this.#timers.set(key, timer.unref());
  }

  /** Nothing new is created in a terminating namespace. */
  #isGoing(namespace: string | undefined): boolean {
    if (namespace === undefined) return false;
    const found = this.#world.mirror.get('namespaces', undefined, namespace);
    return !found || found.metadata.deletionTimestamp !== undefined;
  }
}
