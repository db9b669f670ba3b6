import type { KubeApi } from '../kube/api.ts';
import { readNode } from '../kube/node.ts';
import type { EphemeralContainer, Pod } from '../kube/pod.ts';
import { Problem } from '../problem.ts';
import type { DebuggerRequest, Via } from './container.ts';
import { addDebugger, existingDebugger, newDebugger } from './ephemeral.ts';
import { refuseVirtualNode, runtimeOf, sandboxNote } from './hiddenNetwork.ts';
import { nodeDebugger, planOnNode } from './node/nodeDebugger.ts';
import {
  containerRefused,
  execRefused,
  explainObstacle,
  NodeRefused,
  type Obstacle,
  staticPod,
  unwatchable,
} from './obstacle.ts';
import type { Debugger } from './place.ts';
import { enforcedLevel } from './podSecurity.ts';
import type { Rung } from './profile.ts';
import type { Refusal } from './refusal.ts';
import { lackedToWatch } from './rights.ts';
import { refuseNotReady } from './silentNode.ts';
import type { StartOptions } from './start.ts';
import { isStatic, refuseUnsuitable, refuseWindowsNode } from './suitability.ts';
import { tryContainer, tryExec } from './trial.ts';

export interface LadderOptions extends Pick<StartOptions, 'onProgress' | 'signal'> {
  /** Told which rung is used when it is not the first, and why; and what else to expect. */
  readonly onNote?: (text: string) => void;
}

/**
 * Gives a debugger for the pod's network: one that runs in it already, else a new one on the first rung
 * that works, which is asked and not tried. Throws a Problem that says why there can be none. Close it
 * when it is not needed any more.
 */
export async function ensureDebugger(
  api: KubeApi,
  pod: Pod,
  request: DebuggerRequest,
  options: LadderOptions = {},
): Promise<Debugger> {
  const { via = 'auto' } = request;
  const { onNote = () => {} } = options;
  refuseUnsuitable(pod);
  const byNode = () => nodeDebugger(api, { node: pod.spec.nodeName ?? '', pod }, request, options);
  if (via === 'node') return byNode();
  if (!isStatic(pod)) {
    const existing = await existingDebugger(api, pod, request, options);
    if (existing) return existing;
  }
  const make = (rung: EphemeralRung) => newDebugger(pod, request, rung);
  const [chosen, runtime] = await Promise.all([
    chooseRung(api, pod, make, options.signal),
    runtimeOf(api, pod, options.signal),
  ]);
  const sandbox = sandboxNote(pod, runtime);
  if (sandbox !== undefined) onNote(`note: ${sandbox}`);
  if (chosen.rung !== undefined) {
    if (chosen.note !== undefined) onNote(chosen.note);
    if (chosen.rung === 'baseline' && request.profile === 'processes')
      onNote(
        'note: without SYS_PTRACE the processes of other users have no names here (--via node)',
      );
    return addDebugger(api, pod, request, chosen.rung, options);
  }
  const target = { node: pod.spec.nodeName ?? '', pod };
  const plan = () => planOnNode(api, target, request, options.signal);
  return goRound(pod, chosen.obstacle, via, { plan, byNode }, onNote);
}

/**
 * Does by way of the node what an obstacle stands against in the pod, where it may be gone round so; says
 * so. Throws the obstacle's Problem otherwise, with what `plan` finds out about the way over the node.
 */
export async function goRound<Result>(
  pod: Pod,
  obstacle: Obstacle,
  via: Via,
  { plan, byNode }: { plan: () => Promise<unknown>; byNode: () => Promise<Result> },
  onNote: (text: string) => void,
): Promise<Result> {
  if (via === 'ephemeral') throw explainObstacle(obstacle);
  if (!obstacle.wayRound) throw explainObstacle(obstacle, await nodeState(plan));
  try {
    const found = await byNode();
    onNote(`note: ${obstacle.text}: using a pod on node ${pod.spec.nodeName} instead (--via node)`);
    return found;
  } catch (error) {
    if (error instanceof NodeRefused) throw explainObstacle(obstacle, error);
    throw error;
  }
}

/** Whether the way over the node is open, or why it is not; undefined where that is not known. */
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

type EphemeralRung = Exclude<Rung, 'node'>;

/** The rung for an ephemeral container, or what stands against every one of them. */
export type Choice =
  | {
      readonly rung: EphemeralRung;
      readonly note?: string;
      /** What the API server said instead of an answer, where it could not be asked. */
      readonly unsure?: string;
      readonly obstacle?: undefined;
    }
  | { readonly rung?: undefined; readonly obstacle: Obstacle };

/**
 * Asks on which rung an ephemeral container could be added to the pod: by dry runs of just what would be
 * sent, and while the first of them is answered, of exec, the node and our rights, so that it takes no longer.
 */
export async function chooseRung(
  api: KubeApi,
  pod: Pod,
  make: (rung: EphemeralRung) => EphemeralContainer,
  signal?: AbortSignal,
): Promise<Choice> {
  const { namespace, name } = pod.metadata;
  const attempt = (rung: EphemeralRung) => tryContainer(api, pod, make(rung), signal);
  const [least, exec, node, lacked] = await Promise.all([
    isStatic(pod) ? undefined : attempt('least'),
    tryExec(api, namespace, name, signal),
    pod.spec.nodeName === undefined
      ? undefined
      : readNode(api, pod.spec.nodeName, signal).catch(() => undefined),
    lackedToWatch(api, namespace, name, signal),
  ]);
  refuseWindowsNode(pod, node);
  refuseVirtualNode(`pod "${name}"`, node);
  refuseNotReady(pod, node);
  if (!least) return { obstacle: staticPod(pod) };
  if (least.kind === 'refused' && (least.by === 'rights' || least.by === 'static'))
    return { obstacle: containerRefused(pod, least) };
  if (exec.kind === 'refused') return { obstacle: execRefused(pod, exec) };
  if (lacked !== undefined) return { obstacle: unwatchable(pod, lacked) };
  const unsure = exec.kind === 'unknown' && { unsure: exec.error.message };
  if (least.kind === 'allowed') return { rung: 'least', ...unsure };
  if (least.kind === 'unknown') {
    const level = await enforcedLevel(api, namespace, signal);
    const known = { unsure: least.error.message };
    if (level !== 'baseline') return { rung: 'least', ...known };
    const note = baselineNote(`Pod Security in namespace "${namespace}"`);
    return { rung: 'baseline', note, ...known };
  }
  if (least.by === 'unreachable') return { obstacle: containerRefused(pod, least) };
  const baseline = await attempt('baseline');
  if (baseline.kind === 'refused') return { obstacle: containerRefused(pod, baseline) };
  return { rung: 'baseline', note: baselineNote(refuser(least, namespace)), ...unsure };
}

function refuser({ by, denial }: Refusal, namespace: string): string {
  if (by === 'pod-security') return `Pod Security in namespace "${namespace}"`;
  if (by === 'openshift') return "OpenShift's security context constraints";
  if (by === 'policy') return `ValidatingAdmissionPolicy "${denial?.name}"`;
  if (by === 'webhook') return `admission webhook "${denial?.name}"`;
  return 'an admission policy of this cluster';
}

function baselineNote(who: string): string {
  return `note: ${who} allows no added capabilities: the debugger has the runtime's own set`;
}

/** The node's own network, by a debugger on it. */
export async function ensureNodeDebugger(
  api: KubeApi,
  node: string,
  request: DebuggerRequest,
  options: LadderOptions = {},
): Promise<Debugger> {
  if (request.via === 'ephemeral')
    throw new Problem(`node "${node}" has no containers: --via ephemeral is for pods`, {
      exitCode: 2,
    });
  return nodeDebugger(api, { node }, request, options);
}
