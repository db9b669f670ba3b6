import { baseName, type DebuggerSettings } from '../debugger/container.ts';
import { EarlyExec } from '../debugger/earlyExec.ts';
import type { KubeApi } from '../kube/api.ts';
import type { Target } from '../kube/targets/parseTargets.ts';

/**
 * Opens an exec in the target's debugger, if the target is a single pod and has one. Close it when it is no longer
 * needed. There is none for several pods, because the number of starts on each node is limited.
 */
export function openEarlyExec(
  api: KubeApi,
  targets: readonly Target[],
  { via }: Pick<DebuggerSettings, 'via'>,
): EarlyExec | undefined {
  const [target, another] = targets;
  if (another || target?.kind !== 'pod' || via === 'node') return undefined;
  const debuggerContainer = {
    namespace: target.namespace,
    pod: target.name,
    container: baseName('network'),
  };
  return new EarlyExec(api.access, debuggerContainer);
}
