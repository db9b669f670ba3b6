import { refusalText } from '../debugger/refusal.ts';
import { EXEC, nextSteps } from '../debugger/refusals.ts';
import { tryExec } from '../debugger/trial.ts';
import type { KubeApi } from '../kube/api.ts';
import { type Check, failedCheck } from './check.ts';

const CHECK = 'exec path';
/** No pod has this name. Exec permissions are checked before the pod is looked up. */
const NONEXISTENT_POD = 'netdebug-doctor';

/**
 * Whether a command would reach a pod of the namespace. A proxy on the path or a policy may refuse exec. Missing
 * permissions are reported elsewhere.
 */
export async function execPathCheck(
  api: KubeApi,
  namespace: string,
  signal: AbortSignal,
): Promise<Check[]> {
  try {
    const verdict = await tryExec(api, namespace, NONEXISTENT_POD, signal);
    if (verdict.kind === 'allowed')
      return [{ check: CHECK, level: 'ok', text: 'no proxy or policy refuses exec' }];
    if (verdict.kind === 'unknown')
      return [{ check: CHECK, level: 'warning', text: `unknown: ${verdict.error.message}` }];
    if (verdict.by === 'rights') return [];
    const next = nextSteps(verdict, namespace, EXEC);
    return [{ check: CHECK, level: 'fail', kind: 'denied', text: refusalText(verdict), next }];
  } catch (error) {
    signal.throwIfAborted();
    return [failedCheck(CHECK, error)];
  }
}
