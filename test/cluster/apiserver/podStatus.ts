import type { KubeObject } from '../store.ts';
import { type JsonObject, objectAt, objectsAt, stringAt } from './json.ts';

export interface ContainersSummary {
  readonly ready: number;
  readonly total: number;
  readonly restarts: number;
  /** RFC 3339. Undefined if nothing was restarted. */
  readonly lastRestart: string | undefined;
}

/** The STATUS column of `kubectl get pods`, according to the rules of Kubernetes' printer. */
export function podStatus(pod: KubeObject): string {
  const status = objectAt(pod.status);
  const initializing = initReason(pod);
  let reason = initializing ?? (stringAt(status.reason) || stringAt(status.phase));
  if (initializing === undefined) {
    const containers = objectsAt(status.containerStatuses);
    for (const container of containers.toReversed()) {
      reason = stateReason(container) ?? reason;
    }
    if (reason === 'Completed' && containers.some(isRunningAndReady)) {
      const ready = objectsAt(status.conditions).some(
        (condition) => condition.type === 'Ready' && condition.status === 'True',
      );
      reason = ready ? 'Running' : 'NotReady';
    }
  }
  if (pod.metadata.deletionTimestamp === undefined) return reason;
  if (status.reason === 'NodeLost') return 'Unknown';
  return ['Succeeded', 'Failed'].includes(stringAt(status.phase)) ? reason : 'Terminating';
}

/** Undefined once every init container has completed (or, for a sidecar, started). */
function initReason(pod: KubeObject): string | undefined {
  const containers = objectsAt(objectAt(pod.spec).initContainers);
  const statuses = objectsAt(objectAt(pod.status).initContainerStatuses);
  for (const [index, status] of statuses.entries()) {
    const { waiting, terminated } = statesOf(status);
    if (terminated?.exitCode === 0) continue;
    const sidecar = containers.some(
      ({ name, restartPolicy }) => name === status.name && restartPolicy === 'Always',
    );
    if (sidecar && status.started === true) continue;
    if (terminated) return `Init:${terminationReason(terminated)}`;
    const why = stringAt(waiting?.reason);
    if (why && why !== 'PodInitializing') return `Init:${why}`;
    return `Init:${index}/${containers.length}`;
  }
  return undefined;
}

function stateReason(status: JsonObject): string | undefined {
  const { waiting, terminated } = statesOf(status);
  const why = stringAt(waiting?.reason);
  if (why) return why;
  return terminated && terminationReason(terminated);
}

function terminationReason(terminated: JsonObject): string {
  const reason = stringAt(terminated.reason);
  if (reason) return reason;
  return terminated.signal ? `Signal:${terminated.signal}` : `ExitCode:${terminated.exitCode}`;
}

function isRunningAndReady(status: JsonObject): boolean {
  return status.ready === true && objectAt(status.state).running !== undefined;
}

function statesOf(status: JsonObject): {
  waiting: JsonObject | undefined;
  terminated: JsonObject | undefined;
} {
  const state = objectAt(status.state);
  return {
    waiting: state.waiting === undefined ? undefined : objectAt(state.waiting),
    terminated: state.terminated === undefined ? undefined : objectAt(state.terminated),
  };
}

/** The values of the READY and RESTARTS columns. */
export function containersSummary(pod: KubeObject): ContainersSummary {
  const spec = objectAt(pod.spec);
  const status = objectAt(pod.status);
  const sidecars = new Set(
    objectsAt(spec.initContainers)
      .filter(({ restartPolicy }) => restartPolicy === 'Always')
      .map(({ name }) => name),
  );
  const init = objectsAt(status.initContainerStatuses);
  const regular = objectsAt(status.containerStatuses);
  const sidecarStatuses = init.filter(({ name }) => sidecars.has(name));
  // While init containers run, only their restarts count.
  const counted = initReason(pod) === undefined ? [...sidecarStatuses, ...regular] : init;
  const times = counted
    .map(({ lastState }) => stringAt(objectAt(objectAt(lastState).terminated).finishedAt))
    .filter(Boolean)
    .sort();
  return {
    ready: [
      ...regular.filter(isRunningAndReady),
      ...sidecarStatuses.filter(({ ready, started }) => ready && started),
    ].length,
    total: objectsAt(spec.containers).length + sidecars.size,
    restarts: counted.reduce((sum, { restartCount }) => sum + Number(restartCount ?? 0), 0),
    lastRestart: times.at(-1),
  };
}
