import { text } from 'node:stream/consumers';
import { type ContainerStatus, type Pod, podFrom } from './kubelet/pod.ts';
import type { Runtime } from './runtime.ts';
import type { Store } from './store.ts';

const namespace = 'default';
/** How long to wait for a pod to reach an expected state, in milliseconds. */
const patience = 60_000;

/** Adds a pod to the store as the API server would, without its defaults. */
export function createPod(
  store: Store,
  name: string,
  spec: Pod['spec'],
  annotations: Record<string, string> = {},
  qosClass = 'BestEffort',
): void {
  const metadata = { name, namespace, generation: 1, annotations };
  const status = { phase: 'Pending', qosClass };
  store.create('pods', { apiVersion: 'v1', kind: 'Pod', metadata, spec, status });
}

/** Adds an ephemeral container to a pod. */
export function addEphemeral(
  store: Store,
  pod: string,
  container: Pod['spec']['containers'][number],
): void {
  store.update('pods', namespace, pod, (object) => {
    const { metadata, spec } = podFrom(object);
    const ephemeralContainers = [...(spec.ephemeralContainers ?? []), container];
    const generation = (metadata.generation ?? 0) + 1;
    return {
      ...object,
      metadata: { ...metadata, generation },
      spec: { ...spec, ephemeralContainers },
    };
  });
}

/** Marks a pod for deletion as the API server does. */
export function deletePod(store: Store, name: string, grace: number): void {
  store.update('pods', namespace, name, (object) => {
    object.metadata.deletionTimestamp = new Date(Date.now() + grace * 1000).toISOString();
    object.metadata.deletionGracePeriodSeconds = grace;
    return object;
  });
}

/**
 * Resolves with the result of `accept` as soon as that is neither undefined nor false. `accept` receives undefined for
 * a pod that does not exist.
 */
export async function podWhen<Result>(
  store: Store,
  name: string,
  accept: (pod: Pod | undefined) => Result | undefined | false,
): Promise<Result> {
  const { promise, resolve, reject } = Promise.withResolvers<Result>();
  const look = () => {
    const object = store.get('pods', namespace, name);
    const result = accept(object && podFrom(object));
    if (result !== undefined && result !== false) resolve(result);
  };
  const unsubscribe = store.subscribe(look);
  const timer = setTimeout(() => {
    const status = JSON.stringify(store.get('pods', namespace, name)?.status, undefined, 2);
    reject(new Error(`pod ${name} did not become what was expected: ${status}`));
  }, patience);
  look();
  return promise.finally(() => {
    unsubscribe();
    clearTimeout(timer);
  });
}

/** The status of a container of the pod, of any kind. */
export function statusOf(pod: Pod | undefined, container: string): ContainerStatus | undefined {
  const { initContainerStatuses, containerStatuses, ephemeralContainerStatuses } =
    pod?.status ?? {};
  return [initContainerStatuses, containerStatuses, ephemeralContainerStatuses]
    .flatMap((statuses) => statuses ?? [])
    .find(({ name }) => name === container);
}

/** Resolves when the container runs. */
export function running(store: Store, pod: string, container: string): Promise<true> {
  return podWhen(store, pod, (current) => {
    const state = statusOf(current, container)?.state;
    return state !== undefined && 'running' in state;
  }) as Promise<true>;
}

export interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
}

/** Runs a command in a container to its end. */
export async function runIn(
  runtime: Runtime,
  pod: string,
  container: string,
  command: readonly string[],
  input = '',
): Promise<Outcome> {
  const child = runtime.container(namespace, pod, container)?.spawn(command);
  if (!child) throw new Error(`container ${container} of pod ${pod} does not run`);
  child.stdin.end(input);
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [stdout, stderr, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    closed,
  ]);
  return { stdout, stderr, code };
}
