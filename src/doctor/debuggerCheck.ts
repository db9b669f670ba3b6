import { chooseAccessLevel, nodeState } from '../debugger/accessLevel.ts';
import { type DebuggerRequest, matchingDebuggers } from '../debugger/container.ts';
import { newDebugger } from '../debugger/ephemeral.ts';
import { planOnNode } from '../debugger/node/nodeDebugger.ts';
import { nodeTargetOf } from '../debugger/node/nodePod.ts';
import { type NoEphemeral, nodeSteps } from '../debugger/noEphemeral.ts';
import type { EphemeralLevel } from '../debugger/profile.ts';
import { debuggerStatus } from '../debugger/start.ts';
import { isStatic } from '../debugger/suitability.ts';
import type { KubeApi } from '../kube/api.ts';
import type { Pod } from '../kube/pod.ts';
import { type Check, failedCheck } from './check.ts';
import type { DebuggerCheck } from './nodeDebuggerCheck.ts';
import { checkNodeDebugger } from './nodeDebuggerCheck.ts';

const CHECK = 'debugger';

/**
 * Reports which debugger would be used: a running one, otherwise a new one at the access level that the API server
 * allows. Changes nothing.
 */
export async function checkDebugger(
  api: KubeApi,
  pod: Pod,
  request: DebuggerRequest,
  signal: AbortSignal,
): Promise<DebuggerCheck> {
  const target = nodeTargetOf(pod);
  if (request.via === 'node') return checkNodeDebugger(api, target, request, signal);
  const running = isStatic(pod) ? undefined : runningDebugger(pod, request);
  if (running !== undefined)
    return ephemeralCheck('ok', `${running} is running in the pod and will be used`, running);
  try {
    const createContainer = (accessLevel: EphemeralLevel) => newDebugger(pod, request, accessLevel);
    const choice = await chooseAccessLevel(api, pod, createContainer, {
      ...(signal && { signal }),
    });
    if (choice.noEphemeral) return await checkNodeInstead(choice.noEphemeral);
    const { accessLevel, note, unsure } = choice;
    const { name, securityContext } = createContainer(accessLevel);
    const capabilities =
      securityContext?.capabilities?.add?.join(', ') ?? 'the default capabilities of the runtime';
    const why = note === undefined ? '' : ` (${note.text.replace(/^note: /, '')})`;
    const addedText = `an ephemeral container ${name} would be added, with ${capabilities}${why}`;
    if (unsure === undefined) return ephemeralCheck('ok', addedText);
    return ephemeralCheck(
      'warning',
      `${addedText}; it is unknown whether this is allowed: ${unsure}`,
    );
  } catch (error) {
    signal.throwIfAborted();
    return { checks: [failedCheck(CHECK, error)], byNode: false };
  }

  async function checkNodeInstead(noEphemeral: NoEphemeral): Promise<DebuggerCheck> {
    const { kind, text, message, nodeInstead, isPermissionError } = noEphemeral;
    const nodeAccess =
      nodeInstead || request.via === 'ephemeral'
        ? undefined
        : await nodeState(() => planOnNode(api, target, request, signal));
    const next = [...noEphemeral.next, ...(nodeAccess ? nodeSteps(noEphemeral, nodeAccess) : [])];
    // The Role is printed below all checks, and the checks include the missing permissions.
    const refusedCheck: Check = isPermissionError
      ? { check: CHECK, level: 'fail', kind, text }
      : { check: CHECK, level: 'fail', kind, text: message, next };
    if (!nodeInstead || request.via === 'ephemeral')
      return { checks: [refusedCheck], byNode: false };
    const nodeCheck = await checkNodeDebugger(api, target, request, signal, text);
    return nodeCheck.byNode
      ? nodeCheck
      : { ...nodeCheck, checks: [refusedCheck, ...nodeCheck.checks] };
  }
}

function runningDebugger(pod: Pod, request: DebuggerRequest): string | undefined {
  return matchingDebuggers(pod, request).find(
    ({ name }) => debuggerStatus(pod, name)?.state?.running,
  )?.name;
}

function ephemeralCheck(level: 'ok' | 'warning', text: string, running?: string): DebuggerCheck {
  return {
    checks: [{ check: CHECK, level, text }],
    byNode: false,
    ...(running !== undefined && { running }),
  };
}
