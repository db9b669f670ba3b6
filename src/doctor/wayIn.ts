import {
  type DebuggerRequest,
  debuggerContainer,
  freeName,
  matchingDebuggers,
} from '../debugger/container.ts';
import { explainRefusal } from '../debugger/refusals.ts';
import { debuggerStatus } from '../debugger/start.ts';
import type { KubeApi } from '../kube/api.ts';
import { type Pod, podPath } from '../kube/pod.ts';
import { type Check, failed } from './check.ts';

/** How the pod would be entered. */
export interface WayIn {
  readonly check: Check;
  /** The container of a debugger that runs there already. */
  readonly running?: string;
}

/**
 * Says which debugger would be used: one that runs, else a new one, of which the API server says in a
 * dry run whether it would take it. Nothing is changed.
 */
export async function findWayIn(
  api: KubeApi,
  pod: Pod,
  request: DebuggerRequest,
  signal: AbortSignal,
): Promise<WayIn> {
  const check = 'debugger';
  const running = matchingDebuggers(pod, request).find(
    ({ name }) => debuggerStatus(pod, name)?.state?.running,
  );
  if (running)
    return {
      check: { check, level: 'ok', text: `${running.name} runs in the pod and will be used` },
      running: running.name,
    };
  const { namespace, name } = pod.metadata;
  const wanted = debuggerContainer(freeName(pod, request.profile), request);
  try {
    await api.patch(
      `${podPath(namespace, name)}/ephemeralcontainers`,
      { spec: { ephemeralContainers: [wanted] } },
      'application/strategic-merge-patch+json',
      { query: { dryRun: 'All' }, signal },
    );
  } catch (error) {
    signal.throwIfAborted();
    return { check: failed(check, explainRefusal(error, namespace)) };
  }
  const text = `an ephemeral container ${wanted.name} would be added (the API server would take it)`;
  return { check: { check, level: 'ok', text } };
}
