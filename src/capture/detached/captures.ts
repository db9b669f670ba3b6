import { nodePodKind, nodePodTarget } from '../../debugger/node/nodePod.ts';
import { debuggerStatus } from '../../debugger/start.ts';
import { allPods } from '../../kube/allPods.ts';
import type { KubeApi } from '../../kube/api.ts';
import type { Pod } from '../../kube/pod.ts';
import { hasFinished } from '../../kube/pod.ts';
import { candidatesText } from '../../nearest.ts';
import { Problem } from '../../problem.ts';
import { type ParsedDefinition, parseDefinition } from './detachedContainer.ts';

/** A detached capture, as described by its pod, which is not entered. */
export interface DetachedCapture extends ParsedDefinition {
  /** The pod that contains its container: the captured pod, or a pod on its node. */
  readonly pod: Pod;
  readonly container: string;
  /** Whether the whole pod belongs to netdebug. */
  readonly isOnNode: boolean;
  /** What is captured: the pod's name, with its namespace if that differs; or node/NAME. */
  readonly target: string;
  readonly state: ContainerState;
}

/** The state of a capture's container. */
export type ContainerState =
  | { readonly kind: 'starting'; readonly reason?: string; readonly message?: string }
  | { readonly kind: 'running' }
  /** The recorder ended in order and removed its spool. */
  | { readonly kind: 'removed'; readonly at?: string }
  /** The recording is lost, or was never made. */
  | { readonly kind: 'lost'; readonly at?: string; readonly why: string };

/** The exit code of spool.sh after it removed its spool. No shell, signal or kubelet uses this code. */
export const SPOOL_REMOVED = 93;
/** Exit codes of spool.sh: started a second time, so nothing was recorded; no room for a spool. */
const RESTARTED = 75;
const NO_ROOM = 28;
/** 128 plus a signal: KILL, and TERM, which kubelets send to the containers of a lost sandbox. */
const KILLED = 137;
const TERMINATED = 143;

/** All detached captures in a namespace or in all namespaces, oldest first. */
export async function listCaptures(
  api: KubeApi,
  namespace: string | 'all',
  signal?: AbortSignal,
): Promise<DetachedCapture[]> {
  const captures: DetachedCapture[] = [];
  for await (const pod of allPods(api, namespace, signal)) captures.push(...capturesOf(pod));
  return captures.sort((a, b) => a.created.getTime() - b.created.getTime());
}

/** The detached captures of one pod. */
export function capturesOf(pod: Pod): DetachedCapture[] {
  const isOnNode = nodePodKind(pod) === 'node-capture';
  const target = isOnNode ? nodePodTarget(pod.metadata) : pod.metadata.name;
  const containers = isOnNode ? pod.spec.containers : (pod.spec.ephemeralContainers ?? []);
  return containers.flatMap((container) => {
    const definition = parseDefinition(container);
    if (!definition) return [];
    const { name } = container;
    return [{ ...definition, pod, container: name, isOnNode, target, state: stateOf(pod, name) }];
  });
}

function stateOf(pod: Pod, container: string): ContainerState {
  const state = debuggerStatus(pod, container)?.state;
  if (state?.running) return { kind: 'running' };
  if (state?.terminated) {
    const { exitCode, finishedAt, reason = 'Error' } = state.terminated;
    const at = finishedAt !== undefined && { at: finishedAt };
    if (exitCode === SPOOL_REMOVED) return { kind: 'removed', ...at };
    // If the pod was evicted or exceeded its deadline, that is why the container ended.
    const podReason = pod.status?.phase === 'Failed' ? pod.status.reason : undefined;
    const why = podReason ? `the pod has ended (${podReason})` : lossText(exitCode, reason);
    return { kind: 'lost', ...at, why };
  }
  if (hasFinished(pod.status?.phase))
    return { kind: 'lost', why: `the pod has ended (${pod.status.reason ?? pod.status.phase})` };
  const { reason, message } = state?.waiting ?? {};
  return {
    kind: 'starting',
    ...(reason !== undefined && { reason }),
    ...(message !== undefined && { message }),
  };
}

function lossText(exitCode: number, reason: string): string {
  if (exitCode === RESTARTED) return 'the node restarted the container, and its recording is lost';
  if (exitCode === NO_ROOM) return "the node's disk had no room for it";
  if (exitCode === TERMINATED)
    return "its container was terminated; possible causes: the pod's sandbox was lost, or its node shut down";
  if (exitCode === KILLED)
    return reason === 'OOMKilled'
      ? 'its container was killed: out of memory'
      : "its container was killed; possible causes: the pod's sandbox was lost, its node restarted, or the container was removed on the node";
  return `its container ended with exit code ${exitCode} (${reason})`;
}

export interface FoundCaptures {
  readonly captures: readonly DetachedCapture[];
  /** Captures of the same name whose packets are lost. They are named to the user, who may expect their packets. */
  readonly lost: readonly DetachedCapture[];
}

/**
 * Finds the captures of a name. POD/NAME and node/NODE/NAME identify one capture. NAME matches one capture in each pod,
 * because captures that were started together share a name. Captures that have ended are considered only if there is no
 * other; then the newest is returned. Throws a Problem that lists the choices.
 */
export async function findCaptures(
  api: KubeApi,
  namespace: string,
  requested: string,
  signal?: AbortSignal,
): Promise<FoundCaptures> {
  const all = await listCaptures(api, namespace, signal);
  const slash = requested.lastIndexOf('/');
  const pod = slash < 0 ? undefined : requested.slice(0, slash).replace(/^pods?\//, '');
  const name = requested.slice(slash + 1);
  const named = all.filter(
    (capture) =>
      capture.name === name &&
      (pod === undefined || capture.target === pod || capture.pod.metadata.name === pod),
  );
  const active = named.filter(({ state }) => state.kind === 'running' || state.kind === 'starting');
  if (active.length > 0)
    return { captures: active, lost: named.filter(({ state }) => state.kind === 'lost') };
  if (named.length > 0) return { captures: named.slice(-1), lost: [] };
  const names = all.filter(({ state }) => state.kind !== 'removed').map((capture) => capture.name);
  throw new Problem(`there is no capture "${requested}" in namespace "${namespace}"`, {
    kind: 'not-found',
    next: [
      names.length > 0
        ? candidatesText('captures here', name, names)
        : 'there are no captures here',
      'kubectl netdebug captures list -A   lists the captures of all namespaces',
    ],
  });
}
