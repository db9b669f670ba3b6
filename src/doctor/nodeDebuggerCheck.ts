import type { DebuggerRequest } from '../debugger/container.ts';
import { missingPodPermission } from '../debugger/missingPermissions.ts';
import { planOnNode } from '../debugger/node/nodeDebugger.ts';
import { type NodeTarget, namespaceFor } from '../debugger/node/nodePod.ts';
import { NodePermissionsMissing } from '../debugger/noEphemeral.ts';
import { tryExec } from '../debugger/trial.ts';
import type { KubeApi } from '../kube/api.ts';
import { canI } from '../kube/review.ts';
import { missingOptionalPermissions } from './accessChecks.ts';
import { type Check, failedCheck } from './check.ts';

/** The debugger that a command would use for a target. */
export interface DebuggerCheck {
  readonly checks: readonly Check[];
  /** The container of a debugger that is already running there. */
  readonly running?: string;
  /** Whether the debugger is a pod on the node. The requirements of an ephemeral container do not apply then. */
  readonly byNode: boolean;
  /** The namespace in which permissions for a pod on the node are missing. */
  readonly missingNodeRole?: string;
}

const CHECK = 'node debugger';

/**
 * Whether a pod on the node could be the debugger, and in which namespace. Creates nothing. `because` is the reason why
 * an ephemeral container, which would be preferred, is not possible.
 */
export async function checkNodeDebugger(
  api: KubeApi,
  target: NodeTarget,
  request: DebuggerRequest,
  signal: AbortSignal,
  reason?: string,
): Promise<DebuggerCheck> {
  try {
    const { namespace } = await planOnNode(api, target, request, signal);
    const debuggerText = `a pod on node ${target.node}, in namespace ${namespace}, would be used`;
    const text = reason === undefined ? debuggerText : `${reason}: ${debuggerText} instead`;
    const level = reason === undefined ? 'ok' : 'warning';
    const missing =
      namespace === target.namespace
        ? []
        : await missingOptionalPermissions(api, namespace, signal);
    return { checks: [{ check: CHECK, level, text }, ...missing], byNode: true };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof NodePermissionsMissing))
      return { checks: [failedCheck(CHECK, error)], byNode: false };
    // The Role is printed with the others, below all checks.
    return {
      checks: [{ check: CHECK, level: 'fail', kind: error.kind, text: error.message }],
      byNode: false,
      missingNodeRole: namespaceFor(target, request),
    };
  }
}

/**
 * Returns the namespace if permissions for a pod on a node are missing in it. Used when the pod to enter is unknown.
 */
export async function namespaceWithoutNodeRole(
  api: KubeApi,
  namespace: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const [canCreate, missing, exec] = await Promise.all([
    canI(api, { namespace, verb: 'create', resource: 'pods' }, signal),
    missingPodPermission(api, namespace, signal),
    tryExec(api, namespace, 'netdebug-node', signal).catch(() => undefined),
  ]);
  const lacksExec = exec?.kind === 'refused' && exec.by === 'rights';
  return canCreate === false || missing !== undefined || lacksExec ? namespace : undefined;
}
