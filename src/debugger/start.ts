import { type KubeApi, sleep } from '../kube/api.ts';
import type { ContainerStatus, Pod } from '../kube/pod.ts';
import { hasFinished, podsPath } from '../kube/pod.ts';
import { watch } from '../kube/watch.ts';
import type { Notice } from '../notice.ts';
import { messageOf, Problem } from '../problem.ts';
import { span } from '../timing.ts';
import type { EarlyExec } from './earlyExec.ts';
import { START_LIMITS, StartLimit, type StartLimits } from './startLimit.ts';
import { refuseUnsuitable } from './suitability.ts';

/** The fields of a core/v1 Event that are read here. */
interface KubeEvent {
  readonly involvedObject?: { readonly fieldPath?: string };
  readonly reason?: string;
  readonly message?: string;
}

export interface StartOptions {
  readonly container: string;
  readonly image: string;
  /** The container belongs to a pod that was created for it, and was not added to an existing pod. */
  readonly ownPod?: boolean;
  /** Called with what is being waited for, such as the pull of an image. */
  readonly onProgress?: (text: string) => void;
  /** Called with what is known when the node does not react. */
  readonly onNote?: (notice: Notice) => void;
  readonly signal?: AbortSignal;
}

/** StartOptions for a debugger whose access level is not chosen yet. */
export interface AccessOptions extends Pick<StartOptions, 'onProgress' | 'signal'> {
  /** Receives notices: the access level, if it is not the first one, and why. */
  readonly onNote?: (notice: Notice) => void;
  /** An exec that was opened before the pod was read. The debugger uses it if it is in that container. */
  readonly early?: EarlyExec | undefined;
}

/**
 * Waits until a debugger's container runs, according to the pod's status. If it does not start, the kubelet's events
 * tell why, ten seconds before the status does. Throws a Problem with the kubelet's text as soon as it is known that
 * the container will not start, or a Problem with what is known about the node if the node does not react.
 */
export async function waitUntilRunning(
  api: KubeApi,
  pod: Pod,
  options: StartOptions,
  limits: StartLimits = START_LIMITS,
): Promise<void> {
  if (isRunning(pod, options)) return;
  const done = new AbortController();
  const signal = AbortSignal.any([done.signal, ...(options.signal ? [options.signal] : [])]);
  const started = span('start of the debugger', options.container);
  const limit = new StartLimit(api, pod, options, limits);
  try {
    await Promise.race([
      watchStatus(api, pod, options, limit, signal),
      sleep(limits.events, signal).then(() => watchEvents(api, pod, options, limit, signal)),
      limit.reached,
    ]);
  } finally {
    started();
    limit.end();
    done.abort();
  }
}

async function watchStatus(
  api: KubeApi,
  pod: Pod,
  options: StartOptions,
  limit: StartLimit,
  signal: AbortSignal,
): Promise<void> {
  noticeStatus(pod, options, limit);
  const events = watch<Pod>(api, {
    path: podsPath(pod.metadata.namespace),
    query: { fieldSelector: `metadata.name=${pod.metadata.name}` },
    resourceVersion: pod.metadata.resourceVersion,
    signal,
  });
  for await (const event of events) {
    const current = event.type === 'RESTARTED' ? event.items[0] : event.object;
    if (!current || event.type === 'DELETED' || current.metadata.uid !== pod.metadata.uid)
      throw new Problem(
        `pod "${pod.metadata.name}" was deleted while its debugger was being started`,
        { kind: 'unsuitable' },
      );
    if (isRunning(current, options)) return;
    // The kubelet starts nothing in a pod that has finished or is being deleted.
    if (options.ownPod) refuseEnded(current);
    else refuseUnsuitable(current);
    noticeStatus(current, options, limit);
  }
}

/** A kubelet may reject a pod that was assigned to it, and other clients may delete it. */
function refuseEnded({ metadata, status }: Pod): void {
  const { phase, reason, message } = status ?? {};
  if (hasFinished(phase) || metadata.deletionTimestamp !== undefined)
    throw new Problem(
      `the node rejected the debugger's pod: ${[reason ?? phase, message].filter(Boolean).join(': ')}`,
      { kind: 'not-started' },
    );
}

/** A status entry shows that the node is at work. While it creates another container, this one waits. */
function noticeStatus(pod: Pod, { container }: StartOptions, limit: StartLimit): void {
  const others = pod.status?.ephemeralContainerStatuses ?? [];
  const isBusy = others.some(({ state }) => state?.waiting?.reason === 'ContainerCreating');
  if (isBusy || debuggerStatus(pod, container)) limit.heard('accepted');
}

/** Never resolves, because only the status tells that a container runs. */
async function watchEvents(
  api: KubeApi,
  pod: Pod,
  options: StartOptions,
  limit: StartLimit,
  signal: AbortSignal,
): Promise<never> {
  const { container, ownPod } = options;
  const own = ownPod ? `spec.containers{${container}}` : `spec.ephemeralContainers{${container}}`;
  const events = watch<KubeEvent>(api, {
    path: `/api/v1/namespaces/${encodeURIComponent(pod.metadata.namespace)}/events`,
    query: { fieldSelector: `involvedObject.uid=${pod.metadata.uid}` },
    signal,
  });
  const otherPulls = new Set<string>();
  try {
    for await (const event of events) {
      const latest = event.type === 'RESTARTED' ? event.items : [event.object];
      for (const item of latest)
        if (item.involvedObject?.fieldPath === own) noticeOwn(item, options, limit);
        else noticeOther(item, otherPulls);
      if (otherPulls.size > 0) {
        limit.heard('pulling');
        options.onProgress?.('waiting for the node to pull the image of another container');
      }
    }
  } catch (error) {
    if (error instanceof StartProblem) throw error;
    // Without permission to read events, only the status remains, which comes later and tells less.
    limit.cannotSeePulls();
  }
  return new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    if (signal.aborted) reject(signal.reason);
  });
}

function noticeOwn(event: KubeEvent, options: StartOptions, limit: StartLimit): void {
  const { reason, message = '' } = event;
  if (reason === 'Failed') throw startProblem(options, message);
  limit.heard(reason === 'Pulling' ? 'pulling' : 'accepted');
  if (reason === 'Pulling') options.onProgress?.(`pulling the image ${options.image}`);
}

/** A kubelet starts the containers of a pod one after the other: while it pulls an image for one, the others wait. */
function noticeOther({ reason, involvedObject }: KubeEvent, pulls: Set<string>): void {
  const path = involvedObject?.fieldPath ?? '';
  if (reason === 'Pulling') pulls.add(path);
  else if (reason === 'Pulled' || reason === 'Failed') pulls.delete(path);
}

class StartProblem extends Problem {}

/** Waiting reasons that are temporary; all others are failures. */
export const TRANSIENT_REASONS: ReadonlySet<string | undefined> = new Set([
  undefined,
  'ContainerCreating',
  'PodInitializing',
]);

function isRunning(pod: Pod, options: StartOptions): boolean {
  const state = debuggerStatus(pod, options.container)?.state;
  if (state?.running) return true;
  if (state?.terminated) {
    const { reason = 'Error', exitCode, message } = state.terminated;
    throw startProblem(options, message ?? `${reason}, exit code ${exitCode}`);
  }
  if (state?.waiting && !TRANSIENT_REASONS.has(state.waiting.reason))
    throw startProblem(
      options,
      [state.waiting.reason, state.waiting.message].filter(Boolean).join(': '),
    );
  return false;
}

/** The status of a debugger's container, ephemeral or regular; undefined until the kubelet has seen it. */
export function debuggerStatus({ status }: Pod, container: string): ContainerStatus | undefined {
  const { ephemeralContainerStatuses = [], containerStatuses = [] } = status ?? {};
  return [...ephemeralContainerStatuses, ...containerStatuses].find(
    ({ name }) => name === container,
  );
}

function startProblem({ container, image, ownPod }: StartOptions, text: string): StartProblem {
  const reason = text.trim();
  if (/ErrImageNeverPull|pull policy of Never/.test(reason))
    return new StartProblem(
      `the debugger's image ${image} is not on the node, and the pull policy is Never`,
      {
        kind: 'image',
        next: [
          'use another --image-pull-policy, or an image that the node has',
          ...(ownPod ? [] : [staysText(container)]),
        ],
      },
    );
  if (/pull|ErrImage|InvalidImageName|manifest|resolve image/i.test(reason))
    return new StartProblem(`the debugger's image cannot be pulled: ${reason}`, {
      kind: 'image',
      next: [
        'choose an image that the node has or can pull, with --image (or the NETDEBUG_IMAGE variable)',
        ...(ownPod ? [] : [staysText(container)]),
      ],
    });
  if (/executable file not found|no such file or directory/i.test(reason))
    return new StartProblem(`the debugger cannot start in the image ${image}: ${reason}`, {
      kind: 'image',
      next: ['the image needs a shell (sh) and tcpdump; choose another with --image'],
    });
  return new StartProblem(`the debugger "${container}" cannot start: ${messageOf(reason)}`, {
    kind: 'not-started',
    next: ['if the image is the cause, choose another one with --image'],
  });
}

function staysText(container: string): string {
  return `the container "${container}" stays in the pod's spec and keeps waiting; it does no harm`;
}
