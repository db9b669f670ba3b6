import { capturesOf, SPOOL_REMOVED } from '../capture/detached/captures.ts';
import { nodePodKind } from '../debugger/node/nodePod.ts';
import { debuggerStatus } from '../debugger/start.ts';
import { allPods } from '../kube/allPods.ts';
import type { KubeApi } from '../kube/api.ts';
import type { Container, Pod } from '../kube/pod.ts';
import { hasFinished } from '../kube/pod.ts';
import type { Owned } from './owned.ts';

/** The mark in the environment of every container of netdebug (src/debugger/container.ts). */
const MARK = 'NETDEBUG';
const DEBUGGER = /^netdebug-(network|processes)(-\d+)?$/;
const OWNER = 'netdebug/owner';

/** All debuggers and captures in a namespace, or in all namespaces. */
export async function findOwned(
  api: KubeApi,
  namespace: string | 'all',
  signal: AbortSignal,
): Promise<Owned[]> {
  const owned: Owned[] = [];
  for await (const pod of allPods(api, namespace, signal)) owned.push(...ownedIn(pod));
  return owned;
}

/** What netdebug created in a pod: containers, or the pod itself. */
export function ownedIn(pod: Pod): Owned[] {
  const kind = nodePodKind(pod);
  if (kind === 'node') return [nodeDebugger(pod)];
  const captures = capturesOf(pod);
  const containers = kind ? pod.spec.containers : (pod.spec.ephemeralContainers ?? []);
  return containers.flatMap((container): Owned[] => {
    const capture = captures.find((candidate) => candidate.container === container.name);
    const base = {
      pod,
      container: container.name,
      ...(container.image !== undefined && { image: container.image }),
      ...stateOf(pod, container),
    };
    if (capture) {
      const { owner, created } = capture;
      const known = {
        capture,
        since: created.toISOString(),
        ...(owner !== undefined && { owner }),
      };
      return [{ kind: 'capture', ...base, ...known }];
    }
    const [, profile] = DEBUGGER.exec(container.name) ?? [];
    const marked = container.env?.some(({ name, value }) => name === MARK && value === '1');
    if (!marked || (profile !== 'network' && profile !== 'processes')) return [];
    return [{ kind: 'debugger', ...base, profile }];
  });
}

function stateOf(pod: Pod, { name }: Container): Pick<Owned, 'state' | 'reason' | 'since'> {
  const state = debuggerStatus(pod, name)?.state;
  if (state?.running) {
    const { startedAt } = state.running;
    return { state: 'running', ...(startedAt !== undefined && { since: startedAt }) };
  }
  if (state?.terminated) {
    const { exitCode, reason, startedAt } = state.terminated;
    return {
      state: 'ended',
      reason:
        exitCode === 0 || exitCode === SPOOL_REMOVED
          ? 'in order'
          : `${reason ?? 'Error'}, exit code ${exitCode}`,
      ...(startedAt !== undefined && { since: startedAt }),
    };
  }
  if (hasFinished(pod.status?.phase))
    return { state: 'ended', reason: `the pod has ended (${pod.status.phase})` };
  const reason = state?.waiting?.reason;
  return { state: 'starting', ...(reason !== undefined && { reason }) };
}

function nodeDebugger(pod: Pod): Owned {
  const { annotations, creationTimestamp } = pod.metadata;
  const [container] = pod.spec.containers;
  const phase = pod.status?.phase;
  const owner = annotations?.[OWNER];
  const ended = hasFinished(phase);
  return {
    kind: 'node-debugger',
    pod,
    container: container?.name ?? '',
    ...(container?.image !== undefined && { image: container.image }),
    ...(owner !== undefined && { owner }),
    ...(creationTimestamp !== undefined && { since: creationTimestamp }),
    state: ended ? 'ended' : phase === 'Running' ? 'running' : 'starting',
    ...(pod.status?.reason !== undefined && { reason: pod.status.reason }),
  };
}
