import type { Place } from '../../debugger/leasedProcess.ts';
import { debuggerStatus } from '../../debugger/start.ts';
import type { KubeApi } from '../../kube/api.ts';
import { ApiError } from '../../kube/apiError.ts';
import { type Pod, podPath, type Terminated } from '../../kube/pod.ts';

/**
 * What became of a debugger and all it held, when and why, as far as the cluster says; undefined
 * while it may still be there. `before` is its pod as it was when the capture began.
 */
export async function fateOf(
  api: KubeApi,
  { namespace, pod: name, container }: Place,
  before: Pod,
): Promise<string | undefined> {
  let pod: Pod;
  try {
    pod = await api.get<Pod>(podPath(namespace, name));
  } catch (error) {
    if (error instanceof ApiError && error.code === 404) return `pod "${name}" was deleted`;
    // It is the server that cannot be asked: nothing is known of the pod.
    return undefined;
  }
  if (pod.metadata.uid !== before.metadata.uid)
    return `pod "${name}" was deleted, and another one has its name`;
  const { phase, reason, message } = pod.status ?? {};
  if (phase === 'Failed' || phase === 'Succeeded')
    return `pod "${name}" has ended (${[reason ?? phase, message].filter(Boolean).join(': ')})`;
  const now = debuggerStatus(pod, container);
  if (now?.state?.terminated)
    return `the debugger "${container}" ended${told(now.state.terminated)}`;
  const old = debuggerStatus(before, container)?.containerID;
  const startedAgain = old === undefined ? (now?.restartCount ?? 0) > 0 : now?.containerID !== old;
  if (startedAgain)
    return `the debugger "${container}" ended${told(now?.lastState?.terminated)} and was started again, as when a node restarts`;
  return undefined;
}

function told(end: Terminated | undefined): string {
  if (!end) return '';
  const at = end.finishedAt === undefined ? '' : ` at ${end.finishedAt}`;
  const why = [end.reason, end.message].filter(Boolean).join(': ');
  return `${at} (${why === '' ? '' : `${why}, `}exit code ${end.exitCode})`;
}
