import { objectAt } from './apiserver/json.ts';
import { type Pod, type PodCondition, podFrom } from './kubelet/pod.ts';
import { nextEventName } from './kubelet/podEvents.ts';
import { fitsNode, tolerates } from './nodeFit.ts';
import { type KubeObject, now, type Store } from './store.ts';

/** Assigns pods to suitable nodes in turn. Returns the function that ends it. */
export function startScheduler(store: Store): () => void {
  let turn = 0;
  const schedule = (object: KubeObject) => {
    const pod = podFrom(object);
    if (pod.spec.nodeName || pod.metadata.deletionTimestamp) return;
    const nodes = store.list('nodes');
    const obstacles = nodes.map((node) => obstacleOn(object, node));
    const fitting = nodes.filter((_, index) => obstacles[index] === undefined);
    const chosen = fitting[turn % fitting.length]?.metadata.name;
    if (chosen === undefined) return leavePending(store, pod, obstacles);
    turn += 1;
    bind(store, pod, chosen);
  };
  for (const pod of store.list('pods')) schedule(pod);
  return store.subscribe(({ type, resource, object }) => {
    if (resource === 'pods' && type === 'ADDED') schedule(object);
    // Pods that did not fit any node may fit now.
    if (resource === 'nodes' && type !== 'DELETED')
      for (const pod of store.list('pods')) schedule(pod);
  });
}

/** The taint of a node that accepts no new pods. */
const CORDONED = {
  spec: { taints: [{ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }] },
};

/** Why a pod cannot run on a node, in the scheduler's words. Undefined if it can. */
function obstacleOn(pod: KubeObject, node: KubeObject): string | undefined {
  const spec = objectAt(pod.spec);
  if (objectAt(node.spec).unschedulable === true && !tolerates(spec, CORDONED, ['NoSchedule']))
    return 'node(s) were unschedulable';
  if (!tolerates(spec, node, ['NoSchedule', 'NoExecute']))
    return 'node(s) had untolerated taint(s)';
  return fitsNode(spec, node) ? undefined : "node(s) didn't match Pod's node affinity/selector";
}

function bind(store: Store, pod: Pod, node: string): void {
  const { namespace, name } = pod.metadata;
  store.update('pods', namespace, name, (object) => ({
    ...object,
    spec: { ...pod.spec, nodeName: node },
    status: { ...pod.status, conditions: [scheduled({ status: 'True' })] },
  }));
  recordEvent(store, pod, {
    reason: 'Scheduled',
    message: `Successfully assigned ${namespace}/${name} to ${node}`,
    type: 'Normal',
    action: 'Binding',
  });
}

function leavePending(store: Store, pod: Pod, obstacles: readonly (string | undefined)[]): void {
  const { namespace, name } = pod.metadata;
  const nodes = obstacles.length;
  const why = [...new Set(obstacles)]
    .map((text) => `${obstacles.filter((obstacle) => obstacle === text).length} ${text}`)
    .sort()
    .join(', ');
  const [before] = pod.status.conditions ?? [];
  const message = `0/${nodes} nodes are available: ${why}. preemption: 0/${nodes} nodes are available: ${nodes} Preemption is not helpful for scheduling.`;
  if (before?.message === message) return;
  store.update('pods', namespace, name, (object) => ({
    ...object,
    status: {
      ...pod.status,
      conditions: [scheduled({ status: 'False', reason: 'Unschedulable', message })],
    },
  }));
  recordEvent(store, pod, {
    reason: 'FailedScheduling',
    message,
    type: 'Warning',
    action: 'Scheduling',
  });
}

function scheduled(
  outcome: Pick<PodCondition, 'status' | 'reason' | 'message'>,
): Omit<PodCondition, 'observedGeneration'> {
  const { status, ...why } = outcome;
  const times = { lastProbeTime: null, lastTransitionTime: now() };
  return { type: 'PodScheduled', status, ...times, ...why };
}

function recordEvent(
  store: Store,
  { metadata }: Pod,
  event: { reason: string; message: string; type: 'Normal' | 'Warning'; action: string },
): void {
  const { namespace, name, uid, resourceVersion } = metadata;
  const { reason, message, type, action } = event;
  store.create('events', {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: nextEventName(name), namespace },
    involvedObject: { kind: 'Pod', namespace, name, uid, apiVersion: 'v1', resourceVersion },
    reason,
    message,
    source: {},
    firstTimestamp: null,
    lastTimestamp: null,
    type,
    eventTime: new Date().toISOString().replace('Z', '000Z'),
    action,
    reportingComponent: 'default-scheduler',
    reportingInstance: 'default-scheduler',
  });
}
