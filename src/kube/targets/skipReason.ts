import type { ContainerStatus, Pod } from '../pod.ts';
import { hasFinished } from '../pod.ts';

/**
 * Why a pod of a group is skipped: it has no network to enter, or it is being deleted. Undefined for a running pod.
 * Static pods are included: they only need a debugger on the node.
 */
export function skipReason(pod: Pod): string | undefined {
  const phase = pod.status?.phase ?? 'Unknown';
  if (hasFinished(phase)) return `has finished (${phase})`;
  if (pod.metadata.deletionTimestamp !== undefined) return 'is being deleted';
  if (phase !== 'Running' && !hasNetwork(pod)) return `is not running (${phase})`;
  if (pod.spec.os?.name === 'windows' || pod.spec.nodeSelector?.['kubernetes.io/os'] === 'windows')
    return 'runs on Windows';
  return undefined;
}

/** A pod is Pending while its init containers run, but it already has its network and can be entered. */
export function hasNetwork({ status }: Pod): boolean {
  return (
    status?.conditions?.some(
      ({ type, status }) => type === 'PodReadyToStartContainers' && status === 'True',
    ) === true || status?.initContainerStatuses?.some(hasStarted) === true
  );
}

function hasStarted({ state }: ContainerStatus): boolean {
  return state?.running !== undefined || state?.terminated !== undefined;
}
