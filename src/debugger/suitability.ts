import type { KubeNode } from '../kube/node.ts';
import type { Pod } from '../kube/pod.ts';
import { hasFinished } from '../kube/pod.ts';
import { hasNetwork } from '../kube/targets/skipReason.ts';
import { Problem } from '../problem.ts';

/** The annotation that kubelets set on the mirror of a static pod. */
const MIRROR = 'kubernetes.io/config.mirror';
const OS_LABEL = 'kubernetes.io/os';

/**
 * Throws a Problem for pods in which an ephemeral container would be accepted but never started, because there is no
 * network to enter: pods that are finished, pending or being deleted, and Windows pods.
 */
export function refuseUnsuitable(pod: Pod): void {
  const { name, namespace } = pod.metadata;
  const phase = pod.status?.phase ?? 'Unknown';
  // Checked first: on a Linux node, such a pod has also failed (PodOSNotSupported).
  if (pod.spec.os?.name === 'windows' || pod.spec.nodeSelector?.[OS_LABEL] === 'windows')
    throw windows(name);
  if (hasFinished(phase))
    throw new Problem(`pod "${name}" has finished (${phase}${because(pod)}): it has no network`, {
      kind: 'unsuitable',
      next: [`kubectl get pods -n ${namespace}   shows the running pods`],
    });
  if (pod.metadata.deletionTimestamp !== undefined)
    throw new Problem(`pod "${name}" is being deleted (since ${pod.metadata.deletionTimestamp})`, {
      kind: 'unsuitable',
      next: [`kubectl get pods -n ${namespace}   shows whether another pod replaces it`],
    });
  if (phase !== 'Running' && !hasNetwork(pod))
    throw new Problem(`pod "${name}" is not running: ${phase}${because(pod)}`, {
      kind: 'unsuitable',
      next: [`kubectl describe pod ${name} -n ${namespace}   shows what it is waiting for`],
    });
}

/** The same for what only the node tells. Does nothing if the user may not read nodes. */
export function refuseWindowsNode({ metadata, spec }: Pod, node: KubeNode | undefined): void {
  if (spec.nodeName !== undefined && isWindows(node)) throw windows(metadata.name);
}

export function isWindows(node: KubeNode | undefined): boolean {
  return node?.metadata.labels?.[OS_LABEL] === 'windows';
}

/** Whether the pod is the mirror of a static pod, which its kubelet reads from a file: nothing can be added to it. */
export function isStatic({ metadata }: Pod): boolean {
  return metadata.annotations?.[MIRROR] !== undefined;
}

function windows(name: string): Problem {
  return new Problem(
    `pod "${name}" runs on Windows: its network cannot be entered from a Linux container`,
    {
      kind: 'unsuitable',
      next: ['on the node: pktmon start --capture, or netsh trace start capture=yes'],
    },
  );
}

function because({ status }: Pod): string {
  const unmet = status?.conditions?.find(({ status, message }) => status === 'False' && message);
  const reason = status?.message ?? unmet?.message ?? status?.reason;
  return reason ? `, ${reason}` : '';
}
