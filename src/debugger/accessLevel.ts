import type { KubeApi } from '../kube/api.ts';
import { readNode } from '../kube/node.ts';
import type { EphemeralContainer, Pod } from '../kube/pod.ts';
import type { Notice } from '../notice.ts';
import { type DebuggerRequest, freeName, type Via } from './container.ts';
import type { Debugger } from './debugger.ts';
import type { EarlyExec } from './earlyExec.ts';
import { addDebugger, existingDebugger, newDebugger } from './ephemeral.ts';
import { refuseVirtualNode, runtimeOf, sandboxNote } from './hiddenNetwork.ts';
import { missingWatchPermission } from './missingPermissions.ts';
import { nodeDebugger, planOnNode } from './node/nodeDebugger.ts';
import { nodeTargetOf } from './node/nodePod.ts';
import {
  containerRefused,
  execRefused,
  explainNoEphemeral,
  NodeRefused,
  type NoEphemeral,
  staticPod,
  watchRefused,
} from './noEphemeral.ts';
import { enforcedLevel } from './podSecurity.ts';
import type { EphemeralLevel } from './profile.ts';
import type { Refusal } from './refusal.ts';
import { refuseNotReady } from './silentNode.ts';
import type { AccessOptions } from './start.ts';
import { isStatic, refuseUnsuitable, refuseWindowsNode } from './suitability.ts';
import { execResult, tryContainer, tryExec } from './trial.ts';

/**
 * Returns a debugger for the pod's network: a running one, otherwise a new one at the first access level that passes a
 * dry run. The caller must close it. Throws a Problem that explains why no debugger is possible.
 */
export async function ensureDebugger(
  api: KubeApi,
  pod: Pod,
  request: DebuggerRequest,
  options: AccessOptions = {},
): Promise<Debugger> {
  const { via = 'auto' } = request;
  const { onNote = () => {}, early } = options;
  refuseUnsuitable(pod);
  const target = nodeTargetOf(pod);
  const byNode = () => nodeDebugger(api, target, request, options);
  if (via === 'node') return byNode();
  if (!isStatic(pod)) {
    const existing = await existingDebugger(api, pod, request, options);
    if (existing) return early?.isIn(existing) ? { ...existing, early } : existing;
  }
  const make = (accessLevel: EphemeralLevel) => newDebugger(pod, request, accessLevel);
  const [chosen, runtime] = await Promise.all([
    chooseAccessLevel(api, pod, make, options),
    runtimeOf(api, pod, options.signal),
  ]);
  const sandbox = sandboxNote(pod, runtime);
  if (sandbox !== undefined) onNote({ kind: 'sandboxed', text: `note: ${sandbox}` });
  if (chosen.accessLevel !== undefined) {
    if (chosen.note !== undefined) onNote(chosen.note);
    if (chosen.accessLevel === 'baseline' && request.profile === 'processes')
      onNote({
        kind: 'fewer-capabilities',
        text: 'note: without SYS_PTRACE, processes of other users are shown without names (--via node shows them)',
      });
    return addDebugger(api, pod, request, chosen.accessLevel, options);
  }
  const plan = () => planOnNode(api, target, request, options.signal);
  return useNodeInstead(pod, chosen.noEphemeral, via, { plan, byNode }, onNote);
}

/**
 * Uses a pod on the node instead of an ephemeral container, with a notice, if `via` and the reason for the refusal
 * allow it. Otherwise throws a Problem with that reason; it includes what `plan` found out about a pod on the node.
 */
export async function useNodeInstead<Result>(
  pod: Pod,
  noEphemeral: NoEphemeral,
  via: Via,
  { plan, byNode }: { plan: () => Promise<unknown>; byNode: () => Promise<Result> },
  onNote: (notice: Notice) => void,
): Promise<Result> {
  if (via === 'ephemeral') throw explainNoEphemeral(noEphemeral);
  if (!noEphemeral.nodeInstead) throw explainNoEphemeral(noEphemeral, await nodeState(plan));
  try {
    const result = await byNode();
    onNote({
      kind: 'node-debugger',
      text: `note: ${noEphemeral.text}: using a pod on node ${pod.spec.nodeName} instead (--via node)`,
    });
    return result;
  } catch (error) {
    if (error instanceof NodeRefused) throw explainNoEphemeral(noEphemeral, error);
    throw error;
  }
}

/** Whether a pod on the node is possible, or why it is not; undefined if that is not known. */
export async function nodeState(
  plan: () => Promise<unknown>,
): Promise<NodeRefused | 'open' | undefined> {
  try {
    await plan();
    return 'open';
  } catch (error) {
    return error instanceof NodeRefused ? error : undefined;
  }
}

/** The access level for an ephemeral container, or why none is possible. */
export type AccessLevelChoice =
  | {
      readonly accessLevel: EphemeralLevel;
      readonly note?: Notice;
      /** The API server's message, if it could not answer. */
      readonly unsure?: string;
      readonly noEphemeral?: undefined;
    }
  | { readonly accessLevel?: undefined; readonly noEphemeral: NoEphemeral };

/**
 * Finds the access level at which an ephemeral container can be added to the pod, by dry runs of the exact request. The
 * exec permission, the node and our permissions are checked while the first dry run is answered, to save time.
 */
export async function chooseAccessLevel(
  api: KubeApi,
  pod: Pod,
  make: (accessLevel: EphemeralLevel) => EphemeralContainer,
  { signal, early }: Pick<AccessOptions, 'signal' | 'early'> = {},
): Promise<AccessLevelChoice> {
  const { namespace, name } = pod.metadata;
  const attempt = (accessLevel: EphemeralLevel) =>
    tryContainer(api, pod, make(accessLevel), signal);
  const [least, exec, node, lacked] = await Promise.all([
    isStatic(pod) ? undefined : attempt('least'),
    early && isAboutNewContainer(early, pod)
      ? execResult(early.opening)
      : tryExec(api, namespace, name, signal),
    pod.spec.nodeName === undefined
      ? undefined
      : readNode(api, pod.spec.nodeName, signal).catch(() => undefined),
    missingWatchPermission(api, namespace, name, signal),
  ]);
  refuseWindowsNode(pod, node);
  refuseVirtualNode(`pod "${name}"`, node);
  refuseNotReady(pod, node);
  if (!least) return { noEphemeral: staticPod(pod) };
  if (least.kind === 'refused' && (least.by === 'rights' || least.by === 'static'))
    return { noEphemeral: containerRefused(pod, least) };
  if (exec.kind === 'refused') return { noEphemeral: execRefused(pod, exec) };
  if (lacked !== undefined) return { noEphemeral: watchRefused(pod, lacked) };
  const unsure = exec.kind === 'unknown' && { unsure: exec.error.message };
  if (least.kind === 'allowed') return { accessLevel: 'least', ...unsure };
  if (least.kind === 'unknown') {
    const level = await enforcedLevel(api, namespace, signal);
    const known = { unsure: least.error.message };
    if (level !== 'baseline') return { accessLevel: 'least', ...known };
    const note = baselineNote(`Pod Security in namespace "${namespace}"`);
    return { accessLevel: 'baseline', note, ...known };
  }
  if (least.by === 'unreachable') return { noEphemeral: containerRefused(pod, least) };
  const baseline = await attempt('baseline');
  if (baseline.kind === 'refused') return { noEphemeral: containerRefused(pod, baseline) };
  return { accessLevel: 'baseline', note: baselineNote(refuser(least, namespace)), ...unsure };
}

/** Whether the exec was opened for a container that does not exist yet: the API server itself answers it then. */
function isAboutNewContainer({ ref }: EarlyExec, pod: Pod): boolean {
  const { namespace, name } = pod.metadata;
  return (
    ref.namespace === namespace && ref.pod === name && ref.container === freeName(pod, 'network')
  );
}

function refuser({ by, denial }: Refusal, namespace: string): string {
  if (by === 'pod-security') return `Pod Security in namespace "${namespace}"`;
  if (by === 'openshift') return "OpenShift's security context constraints";
  if (by === 'policy') return `ValidatingAdmissionPolicy "${denial?.name}"`;
  if (by === 'webhook') return `admission webhook "${denial?.name}"`;
  return 'an admission policy of this cluster';
}

function baselineNote(who: string): Notice {
  return {
    kind: 'fewer-capabilities',
    text: `note: ${who} allows no added capabilities: the debugger has the runtime's default capabilities`,
  };
}
