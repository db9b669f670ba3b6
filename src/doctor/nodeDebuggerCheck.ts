import type { DebuggerRequest } from '../debugger/container.ts';
import { planOnNode } from '../debugger/node/nodeDebugger.ts';
import { type NodeTarget, namespaceFor } from '../debugger/node/nodePod.ts';
import { NodeRightsLack } from '../debugger/noEphemeral.ts';
import { lackedToKeepPods } from '../debugger/rights.ts';
import { tryExec } from '../debugger/trial.ts';
import type { KubeApi } from '../kube/api.ts';
import { mayWe } from '../kube/review.ts';
import { nicetiesLackedIn } from './accessChecks.ts';
import { type Check, failed } from './check.ts';

/** Which debugger a command would use for a target. */
export interface DebuggerCheck {
  readonly checks: readonly Check[];
  /** The container of a debugger that runs there already. */
  readonly running?: string;
  /** Whether it is by a pod on the node: what an ephemeral container needs is not needed then. */
  readonly byNode: boolean;
  /** The namespace in which rights for a pod on the node are missing. */
  readonly lacksNodeRole?: string;
}

const CHECK = 'node debugger';

/**
 * Whether a pod on the node could be the debugger, and in which namespace. Nothing is made.
 * `because` says what stands against an ephemeral container, where that would be the better way.
 */
export async function checkNodeDebugger(
  api: KubeApi,
  target: NodeTarget,
  request: DebuggerRequest,
  signal: AbortSignal,
  because?: string,
): Promise<DebuggerCheck> {
  try {
    const { namespace } = await planOnNode(api, target, request, signal);
    const what = `a pod on node ${target.node}, in namespace ${namespace}, would be used`;
    const text = because === undefined ? what : `${because}: ${what} instead`;
    const level = because === undefined ? 'ok' : 'warning';
    const lacked =
      namespace === target.namespace ? [] : await nicetiesLackedIn(api, namespace, signal);
    return { checks: [{ check: CHECK, level, text }, ...lacked], byNode: true };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof NodeRightsLack))
      return { checks: [failed(CHECK, error)], byNode: false };
    // The Role comes with the others, below all checks.
    return {
      checks: [{ check: CHECK, level: 'fail', kind: error.kind, text: error.message }],
      byNode: false,
      lacksNodeRole: namespaceFor(target, request),
    };
  }
}

/** The namespace if rights for a pod on a node lack in it, where nothing is known of the pod to enter. */
export async function lacksNodeRoleIn(
  api: KubeApi,
  namespace: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const [mayCreate, lacked, exec] = await Promise.all([
    mayWe(api, { namespace, verb: 'create', resource: 'pods' }, signal),
    lackedToKeepPods(api, namespace, signal),
    tryExec(api, namespace, 'netdebug-node', signal).catch(() => undefined),
  ]);
  const lacksExec = exec?.kind === 'refused' && exec.by === 'rights';
  return mayCreate === false || lacked !== undefined || lacksExec ? namespace : undefined;
}
