import type { KubeApi } from '../kube/api.ts';
import { ApiError } from '../kube/apiError.ts';
import { type KubeNode, readNode } from '../kube/node.ts';
import type { Pod } from '../kube/pod.ts';
import { ageText } from '../output/quantities.ts';
import { Problem } from '../problem.ts';

/** What is known about a node that does not react, and possible causes: one sentence each, without the full stop. */
export interface NodeSilence {
  readonly known: string;
  readonly causes: string;
}

/** Kubelets renew their Lease every 10 s. The node controller marks a node NotReady after 40 s (its default). */
const STALE_LEASE_MS = 40_000;

const OVERLOADED = 'the node may be overloaded';
const CUT_OFF = 'its kubelet may have stopped, or may be unable to reach the API server';
const VIRTUAL =
  'this may be a virtual cluster that does not pass ephemeral containers on to its host cluster';

/** Reads the node, its Lease and the pod's status, as far as the user is allowed to. Never throws. */
export async function describeSilence(
  api: KubeApi,
  pod: Pod,
  signal: AbortSignal,
): Promise<NodeSilence> {
  const { nodeName = '' } = pod.spec;
  const [node, renewed] = await Promise.all([
    readNode(api, nodeName, signal).catch((error: unknown) =>
      error instanceof ApiError ? ('missing' as const) : undefined,
    ),
    leaseRenewed(api, nodeName, signal),
  ]);
  const now = api.serverTime();
  const lastReport =
    renewed === undefined ? undefined : `its kubelet last reported ${ageText(now - renewed)} ago`;
  if (node === 'missing')
    return {
      known: `there is no node "${nodeName}" in this cluster`,
      causes: `The node may have been removed, or ${VIRTUAL}`,
    };
  if (!node) {
    const changed = lastStatusChange(pod);
    const age =
      changed === undefined ? '' : `; the pod's status last changed ${ageText(now - changed)} ago`;
    return {
      known: `you may not read nodes, so its state is unknown${lastReport ? `; ${lastReport}` : ''}${age}`,
      causes: `Possible causes: ${OVERLOADED}; ${CUT_OFF}; ${VIRTUAL}`,
    };
  }
  const notReady = notReadyText(node);
  const known = [
    notReady ?? 'the node is Ready',
    ...(lastReport === undefined ? [] : [lastReport]),
  ].join(', and ');
  if (notReady !== undefined || (renewed !== undefined && now - renewed > STALE_LEASE_MS))
    return { known, causes: `Possible cause: ${CUT_OFF}` };
  // The Ready condition alone is not enough: the node controller changes it only some time after a kubelet became
  // silent.
  const silent = renewed === undefined ? `${CUT_OFF}; ` : '';
  return { known, causes: `Possible causes: ${OVERLOADED}; ${silent}${VIRTUAL}` };
}

/**
 * Throws a Problem for a node that is not ready: its kubelet starts nothing, so an added container would only remain in
 * the pod's spec. Accepts nodes that the user may not read.
 */
export function refuseNotReady(pod: Pod, node: KubeNode | undefined): void {
  const text = notReadyText(node);
  if (text === undefined) return;
  const { nodeName } = pod.spec;
  throw new Problem(
    `node "${nodeName}" of pod "${pod.metadata.name}" cannot start containers now: ${text}; the pod was not changed`,
    { kind: 'not-started', next: [`kubectl describe node ${nodeName}   shows its conditions`] },
  );
}

/** The message of the Ready condition; undefined if it is True or absent. */
export function notReadyText(node: KubeNode | undefined): string | undefined {
  const ready = node?.status?.conditions?.find(({ type }) => type === 'Ready');
  if (!ready || ready.status === 'True') return undefined;
  const { lastTransitionTime: since, message } = ready;
  return `the node ${since ? `has not been ready since ${since}` : 'is not ready'}${message ? ` (${message.replace(/\.$/, '')})` : ''}`;
}

/** When the kubelet last renewed its Lease, in milliseconds since 1970; undefined if not known. */
async function leaseRenewed(
  api: KubeApi,
  node: string,
  signal: AbortSignal,
): Promise<number | undefined> {
  try {
    const lease = await api.get<{ readonly spec?: { readonly renewTime?: string } }>(
      `/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/${encodeURIComponent(node)}`,
      { signal },
    );
    const time = Date.parse(lease.spec?.renewTime ?? '');
    return Number.isNaN(time) ? undefined : time;
  } catch {
    return undefined;
  }
}

function lastStatusChange({ status }: Pod): number | undefined {
  const { conditions = [], containerStatuses = [], ephemeralContainerStatuses = [] } = status ?? {};
  const times = [
    ...conditions.map(({ lastTransitionTime }) => lastTransitionTime),
    ...[...containerStatuses, ...ephemeralContainerStatuses].flatMap(({ state }) => [
      state?.running?.startedAt,
      state?.terminated?.finishedAt,
    ]),
  ];
  const known = times.map((time) => Date.parse(time ?? '')).filter((time) => !Number.isNaN(time));
  return known.length === 0 ? undefined : Math.max(...known);
}
