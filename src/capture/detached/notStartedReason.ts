import { describeSilence } from '../../debugger/silentNode.ts';
import type { KubeApi } from '../../kube/api.ts';
import { listAll } from '../../kube/listAll.ts';
import type { DetachedCapture } from './captures.ts';

/** The fields of a core/v1 Event about a container. */
interface ContainerEvent {
  readonly reason?: string;
  readonly message?: string;
  readonly lastTimestamp?: string;
  readonly involvedObject?: { readonly fieldPath?: string };
}

/** Milliseconds in which containers usually start after they are defined. */
const USUAL_START_MS = 15_000;
/** Waiting reasons that do not indicate a problem. */
const NORMAL_REASONS = new Set(['ContainerCreating', 'PodInitializing']);

/**
 * Why a capture's container is not running yet, according to its status, its events and its node; undefined while it
 * may still be starting normally. Throws nothing but the signal's reason.
 */
export async function notStartedReason(
  api: KubeApi,
  capture: DetachedCapture,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { state, created, pod } = capture;
  if (state.kind !== 'starting') return undefined;
  const { reason = '', message } = state;
  if (reason !== '' && !NORMAL_REASONS.has(reason))
    return message ? `${reason}: ${message}` : reason;
  if (api.serverTime() - created.getTime() < USUAL_START_MS) return undefined;
  try {
    const event = await lastEvent(api, capture, signal);
    if (event !== undefined) return event;
    if (pod.status?.phase === 'Pending') return 'the pod is still Pending';
    const { known } = await describeSilence(api, pod, signal);
    return `the node has not started it: ${known}`;
  } catch {
    signal.throwIfAborted();
    return 'the node has not started it';
  }
}

/** The kubelet's most recent event about the container. */
async function lastEvent(
  api: KubeApi,
  { pod, container, isOnNode }: DetachedCapture,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { namespace, uid } = pod.metadata;
  const events = await listAll<ContainerEvent>(
    api,
    `/api/v1/namespaces/${encodeURIComponent(namespace)}/events`,
    { fieldSelector: `involvedObject.uid=${uid}` },
    signal,
  ).catch(() => []);
  const path = `${isOnNode ? 'spec.containers' : 'spec.ephemeralContainers'}{${container}}`;
  const own = events
    .filter(({ involvedObject }) => involvedObject?.fieldPath === path)
    .sort((a, b) => (a.lastTimestamp ?? '').localeCompare(b.lastTimestamp ?? ''));
  const last = own.at(-1);
  return last && [last.reason, last.message].filter(Boolean).join(': ');
}
