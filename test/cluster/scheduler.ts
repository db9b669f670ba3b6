import { type Pod, type PodCondition, podFrom } from './kubelet/pod.ts';
import { nextEventName } from './kubelet/podEvents.ts';
import { type KubeObject, now, type Store } from './store.ts';

/** Assigns pods to nodes in turn, among those whose labels fit; gives the function that ends it. */
export function startScheduler(store: Store): () => void {
  let turn = 0;
  const schedule = (object: KubeObject) => {
    const pod = podFrom(object);
    if (pod.spec.nodeName || pod.metadata.deletionTimestamp) return;
    const nodes = store.list('nodes');
    const fitting = nodes.filter((node) => fits(pod, node));
    const chosen = fitting[turn % fitting.length]?.metadata.name;
    if (chosen === undefined) return leavePending(store, pod, nodes.length);
    turn += 1;
    bind(store, pod, chosen);
  };
  for (const pod of store.list('pods')) schedule(pod);
  return store.subscribe(({ type, resource, object }) => {
    if (resource === 'pods' && type === 'ADDED') schedule(object);
  });
}

function fits({ spec }: Pod, node: KubeObject): boolean {
  const labels = node.metadata.labels ?? {};
  return Object.entries(spec.nodeSelector ?? {}).every(([name, value]) => labels[name] === value);
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

function leavePending(store: Store, pod: Pod, nodes: number): void {
  const { namespace, name } = pod.metadata;
  const why = `${nodes} node(s) didn't match Pod's node affinity/selector`;
  const message = `0/${nodes} nodes are available: ${why}. preemption: 0/${nodes} nodes are available: ${nodes} Preemption is not helpful for scheduling.`;
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
