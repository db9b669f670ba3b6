import { chooseAccessLevel, nodeState } from '../debugger/accessLevel.ts';
import { type DebuggerRequest, matchingDebuggers } from '../debugger/container.ts';
import { newDebugger } from '../debugger/ephemeral.ts';
import { planOnNode } from '../debugger/node/nodeDebugger.ts';
import { onItsNode } from '../debugger/node/nodePod.ts';
import { type NoEphemeral, nodeSteps } from '../debugger/noEphemeral.ts';
import type { EphemeralLevel } from '../debugger/profile.ts';
import { debuggerStatus } from '../debugger/start.ts';
import { isStatic } from '../debugger/suitability.ts';
import type { KubeApi } from '../kube/api.ts';
import type { Pod } from '../kube/pod.ts';
import { type Check, failed } from './check.ts';
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
  const target = onItsNode(pod);
  if (request.via === 'node') return checkNodeDebugger(api, target, request, signal);
  const running = isStatic(pod) ? undefined : runningDebugger(pod, request);
  if (running !== undefined)
    return within('ok', `${running} is running in the pod and will be used`, running);
  try {
    const make = (accessLevel: EphemeralLevel) => newDebugger(pod, request, accessLevel);
    const choice = await chooseAccessLevel(api, pod, make, { ...(signal && { signal }) });
    if (choice.noEphemeral) return await withoutEphemeral(choice.noEphemeral);
    const { accessLevel, note, unsure } = choice;
    const { name, securityContext } = make(accessLevel);
    const rights =
      securityContext?.capabilities?.add?.join(', ') ?? 'the default capabilities of the runtime';
    const why = note === undefined ? '' : ` (${note.text.replace(/^note: /, '')})`;
    const added = `an ephemeral container ${name} would be added, with ${rights}${why}`;
    if (unsure === undefined) return within('ok', added);
    return within('warning', `${added}; it is unknown whether this is allowed: ${unsure}`);
  } catch (error) {
    signal.throwIfAborted();
    return { checks: [failed(CHECK, error)], byNode: false };
  }

  async function withoutEphemeral(noEphemeral: NoEphemeral): Promise<DebuggerCheck> {
    const { kind, text, message, nodeInstead, ofRights } = noEphemeral;
    const known =
      nodeInstead || request.via === 'ephemeral'
        ? undefined
        : await nodeState(() => planOnNode(api, target, request, signal));
    const next = [...noEphemeral.next, ...(known ? nodeSteps(noEphemeral, known) : [])];
    // The Role is printed below all checks, and the checks include the missing permissions.
    const refused: Check = ofRights
      ? { check: CHECK, level: 'fail', kind, text }
      : { check: CHECK, level: 'fail', kind, text: message, next };
    if (!nodeInstead || request.via === 'ephemeral') return { checks: [refused], byNode: false };
    const way = await checkNodeDebugger(api, target, request, signal, text);
    return way.byNode ? way : { ...way, checks: [refused, ...way.checks] };
  }
}

function runningDebugger(pod: Pod, request: DebuggerRequest): string | undefined {
  return matchingDebuggers(pod, request).find(
    ({ name }) => debuggerStatus(pod, name)?.state?.running,
  )?.name;
}

function within(level: Check['level'], text: string, running?: string): DebuggerCheck {
  return {
    checks: [{ check: CHECK, level, text }],
    byNode: false,
    ...(running !== undefined && { running }),
  };
}
