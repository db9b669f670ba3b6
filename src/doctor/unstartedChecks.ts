import { type DebuggerRequest, matchingDebuggers } from '../debugger/container.ts';
import { describeSilence } from '../debugger/silentNode.ts';
import { debuggerStatus, TRANSIENT_REASONS } from '../debugger/start.ts';
import type { KubeApi } from '../kube/api.ts';
import type { Pod } from '../kube/pod.ts';
import type { Check } from './check.ts';

/**
 * Debuggers in the pod that never started. The next command would find them and wait for them. The node has not reacted
 * to them, or cannot start them. A debugger that is still starting is a warning.
 */
export async function unstartedChecks(
  api: KubeApi,
  pod: Pod,
  request: DebuggerRequest,
  signal: AbortSignal,
): Promise<Check[]> {
  const states = matchingDebuggers(pod, request).map(({ name }) => ({
    name,
    state: debuggerStatus(pod, name)?.state,
  }));
  if (states.some(({ state }) => state?.running)) return [];
  const unstarted = states.find(({ state }) => !state?.terminated);
  if (!unstarted) return [];
  const { name, state } = unstarted;
  const { reason, message } = state?.waiting ?? {};
  const check = 'debugger';
  if (!state) {
    const { known, causes } = await describeSilence(api, pod, signal);
    return [
      {
        check,
        level: 'fail',
        kind: 'not-started',
        text: `${name} was added to the pod, and its node has not reacted: ${known}`,
        next: [causes],
      },
    ];
  }
  if (TRANSIENT_REASONS.has(reason))
    return [{ check, level: 'warning', text: `${name} is being started: ${reason ?? 'waiting'}` }];
  const isImage = /pull|image/i.test(reason ?? '');
  return [
    {
      check: isImage ? 'image' : check,
      level: 'fail',
      kind: isImage ? 'image' : 'not-started',
      text: `${name} was not started: ${[reason, message].filter(Boolean).join(': ')}`,
      next: ['choose an image that the node has or can pull, with --image'],
    },
  ];
}
