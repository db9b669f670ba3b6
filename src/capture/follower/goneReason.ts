import type { ContainerRef } from '../../debugger/leasedProcess.ts';
import { debuggerStatus } from '../../debugger/start.ts';
import type { KubeApi } from '../../kube/api.ts';
import { isApiError } from '../../kube/apiError.ts';
import { hasFinished, type Pod, podPath, type Terminated } from '../../kube/pod.ts';

/**
 * Tells when and why a debugger and its files are gone, as far as the cluster knows; undefined while they may still
 * exist. `before` is the debugger's pod when the capture started.
 */
export async function goneReason(
  api: KubeApi,
  { namespace, pod: name, container }: ContainerRef,
  before: Pod,
): Promise<string | undefined> {
  let pod: Pod;
  try {
    pod = await api.get<Pod>(podPath(namespace, name));
  } catch (error) {
    if (isApiError(error, 404)) return `pod "${name}" was deleted`;
    // The server does not answer, so nothing is known about the pod.
    return undefined;
  }
  if (pod.metadata.uid !== before.metadata.uid)
    return `pod "${name}" was deleted and replaced by another one of the same name`;
  const { phase, reason, message } = pod.status ?? {};
  if (hasFinished(phase))
    return `pod "${name}" has ended (${[reason ?? phase, message].filter(Boolean).join(': ')})`;
  const now = debuggerStatus(pod, container);
  if (now?.state?.terminated)
    return `the debugger "${container}" ended${endText(now.state.terminated)}`;
  const old = debuggerStatus(before, container)?.containerID;
  const startedAgain = old === undefined ? (now?.restartCount ?? 0) > 0 : now?.containerID !== old;
  if (startedAgain)
    return `the debugger "${container}" ended${endText(now?.lastState?.terminated)} and was started again; the node may have restarted`;
  return undefined;
}

function endText(end: Terminated | undefined): string {
  if (!end) return '';
  const at = end.finishedAt === undefined ? '' : ` at ${end.finishedAt}`;
  const why = [end.reason, end.message].filter(Boolean).join(': ');
  return `${at} (${why === '' ? '' : `${why}, `}exit code ${end.exitCode})`;
}
