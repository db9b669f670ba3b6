import { type DebuggerRequest, matchingDebuggers } from '../debugger/container.ts';
import { newDebugger } from '../debugger/ephemeral.ts';
import { chooseRung, nodeState } from '../debugger/ladder.ts';
import { planOnNode } from '../debugger/node/nodeDebugger.ts';
import { nodeSteps, type Obstacle } from '../debugger/obstacle.ts';
import { debuggerStatus } from '../debugger/start.ts';
import { isStatic } from '../debugger/suitability.ts';
import type { KubeApi } from '../kube/api.ts';
import type { Pod } from '../kube/pod.ts';
import { type Check, failed } from './check.ts';
import { nodeWay } from './nodeWay.ts';

/** How a target would be entered. */
export interface WayIn {
  readonly checks: readonly Check[];
  /** The container of a debugger that runs there already. */
  readonly running?: string;
  /** Whether it is by a pod on the node: what an ephemeral container needs is not needed then. */
  readonly byNode: boolean;
  /** The namespace in which the rights for a pod on the node lack. */
  readonly lacksNodeRole?: string;
}

const CHECK = 'debugger';

/**
 * Says which debugger would be used: one that runs, else a new one on the rung of the ladder that the
 * API server's answers lead to. Nothing is changed.
 */
export async function findWayIn(
  api: KubeApi,
  pod: Pod,
  request: DebuggerRequest,
  signal: AbortSignal,
): Promise<WayIn> {
  const target = { node: pod.spec.nodeName ?? '', pod };
  if (request.via === 'node') return nodeWay(api, target, request, signal);
  const running = isStatic(pod) ? undefined : runningDebugger(pod, request);
  if (running !== undefined)
    return within('ok', `${running} runs in the pod and will be used`, running);
  try {
    const make = (rung: 'least' | 'baseline') => newDebugger(pod, request, rung);
    const choice = await chooseRung(api, pod, make, signal);
    if (choice.obstacle) return await roundObstacle(choice.obstacle);
    const { rung, note, unsure } = choice;
    const { name, securityContext } = make(rung);
    const rights = securityContext?.capabilities?.add?.join(', ') ?? "the runtime's own rights";
    const why = note === undefined ? '' : ` (${note.replace(/^note: /, '')})`;
    const added = `an ephemeral container ${name} would be added, with ${rights}${why}`;
    if (unsure === undefined) return within('ok', added);
    return within('warning', `${added}; whether it is allowed is not known: ${unsure}`);
  } catch (error) {
    signal.throwIfAborted();
    return { checks: [failed(CHECK, error)], byNode: false };
  }

  async function roundObstacle(obstacle: Obstacle): Promise<WayIn> {
    const { text, message, wayRound, ofRights } = obstacle;
    const known =
      wayRound || request.via === 'ephemeral'
        ? undefined
        : await nodeState(() => planOnNode(api, target, request, signal));
    const next = [...obstacle.next, ...(known ? nodeSteps(obstacle, known) : [])];
    // The Role comes below all checks, and the rights that lack are among them.
    const refused: Check = ofRights
      ? { check: CHECK, level: 'fail', text }
      : { check: CHECK, level: 'fail', text: message, next };
    if (!wayRound || request.via === 'ephemeral') return { checks: [refused], byNode: false };
    const way = await nodeWay(api, target, request, signal, text);
    return way.byNode ? way : { ...way, checks: [refused, ...way.checks] };
  }
}

function runningDebugger(pod: Pod, request: DebuggerRequest): string | undefined {
  return matchingDebuggers(pod, request).find(
    ({ name }) => debuggerStatus(pod, name)?.state?.running,
  )?.name;
}

function within(level: Check['level'], text: string, running?: string): WayIn {
  return {
    checks: [{ check: CHECK, level, text }],
    byNode: false,
    ...(running !== undefined && { running }),
  };
}
