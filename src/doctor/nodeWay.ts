import type { DebuggerRequest } from '../debugger/container.ts';
import { planOnNode } from '../debugger/node/nodeDebugger.ts';
import type { NodeTarget } from '../debugger/node/nodePod.ts';
import { NodeRightsLack } from '../debugger/obstacle.ts';
import type { KubeApi } from '../kube/api.ts';
import { messageOf } from '../problem.ts';
import { failed } from './check.ts';
import type { WayIn } from './wayIn.ts';

const CHECK = 'node debugger';

/**
 * Whether a pod on the node could be the debugger, and in which namespace. Nothing is made.
 * `because` says what stands against an ephemeral container, where that would be the better way.
 */
export async function nodeWay(
  api: KubeApi,
  target: NodeTarget,
  request: DebuggerRequest,
  signal: AbortSignal,
  because?: string,
): Promise<WayIn> {
  try {
    const { namespace } = await planOnNode(api, target, request, signal);
    const what = `a pod on node ${target.node}, in namespace ${namespace}, would be used`;
    const text = because === undefined ? what : `${because}: ${what} instead`;
    const level = because === undefined ? 'ok' : 'warning';
    return { checks: [{ check: CHECK, level, text }], byNode: true };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof NodeRightsLack))
      return { checks: [failed(CHECK, error)], byNode: false };
    const lacksNodeRole =
      request.nodeNamespace ?? target.pod?.metadata.namespace ?? api.access.namespace;
    // The Role comes with the others, below all checks.
    return {
      checks: [{ check: CHECK, level: 'fail', text: messageOf(error) }],
      byNode: false,
      lacksNodeRole,
    };
  }
}
