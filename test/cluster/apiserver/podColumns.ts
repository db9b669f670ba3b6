import type { KubeObject } from '../store.ts';
import { age } from './age.ts';
import { AGE, type Column, column, NAME } from './column.ts';
import { objectAt, objectsAt, stringAt } from './json.ts';
import { containersSummary, podStatus } from './podStatus.ts';

const NONE = '<none>';

function restarts(pod: KubeObject): string {
  const { restarts: count, lastRestart } = containersSummary(pod);
  return count > 0 && lastRestart ? `${count} (${age(lastRestart)} ago)` : String(count);
}

function readinessGates(pod: KubeObject): string {
  const gates = objectsAt(objectAt(pod.spec).readinessGates);
  if (gates.length === 0) return NONE;
  const conditions = objectsAt(objectAt(pod.status).conditions);
  const met = gates.filter((gate) =>
    conditions.some(({ type, status }) => type === gate.conditionType && status === 'True'),
  );
  return `${met.length}/${gates.length}`;
}

export const podColumns: readonly Column[] = [
  NAME,
  column(
    'Ready',
    (pod) => {
      const { ready, total } = containersSummary(pod);
      return `${ready}/${total}`;
    },
    { description: 'The aggregate readiness state of this pod for accepting traffic.' },
  ),
  column('Status', podStatus, {
    description: 'The aggregate status of the containers in this pod.',
  }),
  column('Restarts', restarts, {
    description:
      'The number of times the containers in this pod have been restarted and when the last container in this pod has restarted.',
  }),
  AGE,
  column('IP', ({ status }) => stringAt(objectAt(status).podIP) || NONE, {
    description:
      'podIP address allocated to the pod. Routable at least within the cluster. Empty if not yet allocated.',
    priority: 1,
  }),
  column('Node', ({ spec }) => stringAt(objectAt(spec).nodeName) || NONE, {
    description:
      'NodeName indicates in which node this pod is scheduled. If empty, this pod is a candidate for scheduling by the scheduler defined in schedulerName. Once this field is set, the kubelet for this node becomes responsible for the lifecycle of this pod. This field should not be used to express a desire for the pod to be scheduled on a specific node. https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#nodename',
    priority: 1,
  }),
  column('Nominated Node', ({ status }) => stringAt(objectAt(status).nominatedNodeName) || NONE, {
    description:
      'nominatedNodeName is set only when this pod preempts other pods on the node, but it cannot be scheduled right away as preemption victims receive their graceful termination periods. This field does not guarantee that the pod will be scheduled on this node. Scheduler may decide to place the pod elsewhere if other nodes become available sooner. Scheduler may also decide to give the resources on this node to a higher priority pod that is created after preemption. As a result, this field may be different than PodSpec.nodeName when the pod is scheduled.',
    priority: 1,
  }),
  column('Readiness Gates', readinessGates, {
    description:
      'If specified, all readiness gates will be evaluated for pod readiness. A pod is ready when all its containers are ready AND all conditions specified in the readiness gates have status equal to "True" More info: https://git.k8s.io/enhancements/keps/sig-network/580-pod-readiness-gates',
    priority: 1,
  }),
];
