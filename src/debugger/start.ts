import type { KubeApi } from '../kube/api.ts';
import type { ContainerStatus, Pod } from '../kube/pod.ts';
import { podsPath } from '../kube/pod.ts';
import { watch } from '../kube/watch.ts';
import { messageOf, Problem } from '../problem.ts';
import { span } from '../timing.ts';
import { refuseUnsuitable } from './suitability.ts';

/** The part of core/v1 Event that we read. */
interface KubeEvent {
  readonly type?: string;
  readonly reason?: string;
  readonly message?: string;
}

export interface StartOptions {
  readonly container: string;
  readonly image: string;
  /** It is the container of a pod that was made for it, and not one added to a pod. */
  readonly ownPod?: boolean;
  /** Told what is being waited for, such as the pull of an image. */
  readonly onProgress?: (text: string) => void;
  readonly signal?: AbortSignal;
}

/** A pull of a large image over a slow line takes minutes; more than this is not a pull. */
const START_LIMIT_MS = 10 * 60_000;

/**
 * Waits until a debugger's container runs. The pod's status says that it does; when it does not,
 * the kubelet's events say why, ten seconds before the status would. Throws a Problem with the
 * kubelet's own text as soon as it is known that the container will not start.
 */
export async function waitUntilRunning(
  api: KubeApi,
  pod: Pod,
  options: StartOptions,
): Promise<void> {
  const done = new AbortController();
  const limit = AbortSignal.timeout(START_LIMIT_MS);
  const signal = AbortSignal.any([done.signal, limit, ...(options.signal ? [options.signal] : [])]);
  const started = span('start of the debugger', options.container);
  try {
    await Promise.race([
      watchStatus(api, pod, options, signal),
      watchEvents(api, pod, options, signal),
    ]);
  } catch (error) {
    if (limit.aborted)
      throw new Problem(
        `the debugger "${options.container}" did not start within ${START_LIMIT_MS / 60_000} minutes`,
        { next: [describe(pod)], cause: error },
      );
    throw error;
  } finally {
    started();
    done.abort();
  }
}

async function watchStatus(
  api: KubeApi,
  pod: Pod,
  options: StartOptions,
  signal: AbortSignal,
): Promise<void> {
  if (isRunning(pod, options)) return;
  const events = watch<Pod>(api, {
    path: podsPath(pod.metadata.namespace),
    query: { fieldSelector: `metadata.name=${pod.metadata.name}` },
    resourceVersion: pod.metadata.resourceVersion,
    signal,
  });
  for await (const event of events) {
    const seen = event.type === 'RESTARTED' ? event.items[0] : event.object;
    if (!seen || event.type === 'DELETED' || seen.metadata.uid !== pod.metadata.uid)
      throw new Problem(
        `pod "${pod.metadata.name}" was deleted while its debugger was being started`,
      );
    if (isRunning(seen, options)) return;
    // The kubelet starts nothing in a pod that has meanwhile finished or is going.
    if (options.ownPod) refuseEnded(seen);
    else refuseUnsuitable(seen);
  }
}

/** A kubelet may refuse a pod that was given to it, and others may delete it. */
function refuseEnded({ metadata, status }: Pod): void {
  const { phase, reason, message } = status ?? {};
  if (phase === 'Failed' || phase === 'Succeeded' || metadata.deletionTimestamp !== undefined)
    throw new Problem(
      `the node did not take the debugger's pod: ${[reason ?? phase, message].filter(Boolean).join(': ')}`,
    );
}

/** Only ever throws: the status is what says that a container runs. */
async function watchEvents(
  api: KubeApi,
  pod: Pod,
  options: StartOptions,
  signal: AbortSignal,
): Promise<never> {
  const { container, image, ownPod, onProgress } = options;
  const path = ownPod ? `spec.containers{${container}}` : `spec.ephemeralContainers{${container}}`;
  const events = watch<KubeEvent>(api, {
    path: `/api/v1/namespaces/${encodeURIComponent(pod.metadata.namespace)}/events`,
    query: {
      fieldSelector: `involvedObject.uid=${pod.metadata.uid},involvedObject.fieldPath=${path}`,
    },
    signal,
  });
  try {
    for await (const event of events) {
      const seen = event.type === 'RESTARTED' ? event.items : [event.object];
      for (const { reason, message = '' } of seen) {
        if (reason === 'Pulling') onProgress?.(`pulling the image ${image}`);
        if (reason === 'Failed') throw startProblem(options, message);
      }
    }
  } catch (error) {
    if (error instanceof StartProblem) throw error;
    // Who may not read events waits for the status, which comes later and says less.
  }
  return new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    if (signal.aborted) reject(signal.reason);
  });
}

class StartProblem extends Problem {}

/** Waiting reasons that pass by themselves; every other one is a failure. */
const PASSING_REASONS = new Set([undefined, 'ContainerCreating', 'PodInitializing']);

function isRunning(pod: Pod, options: StartOptions): boolean {
  const state = debuggerStatus(pod, options.container)?.state;
  if (state?.running) return true;
  if (state?.terminated) {
    const { reason = 'Error', exitCode, message } = state.terminated;
    throw startProblem(options, message ?? `${reason}, exit code ${exitCode}`);
  }
  if (state?.waiting && !PASSING_REASONS.has(state.waiting.reason))
    throw startProblem(
      options,
      [state.waiting.reason, state.waiting.message].filter(Boolean).join(': '),
    );
  return false;
}

/** The status of a debugger's container, once the kubelet has seen it: one added to the pod, or its own. */
export function debuggerStatus({ status }: Pod, container: string): ContainerStatus | undefined {
  const { ephemeralContainerStatuses = [], containerStatuses = [] } = status ?? {};
  return [...ephemeralContainerStatuses, ...containerStatuses].find(
    ({ name }) => name === container,
  );
}

function startProblem({ container, image, ownPod }: StartOptions, text: string): StartProblem {
  const reason = text.trim();
  if (/pull|ErrImage|InvalidImageName|manifest|resolve image/i.test(reason))
    return new StartProblem(`the debugger's image cannot be pulled: ${reason}`, {
      next: [
        'name one that the node can pull, or has, with --image (or the NETDEBUG_IMAGE variable)',
        ...(ownPod
          ? []
          : [`the container "${container}" stays in the pod's spec, waiting; it does no harm`]),
      ],
    });
  if (/executable file not found|no such file or directory/i.test(reason))
    return new StartProblem(`the debugger cannot start in the image ${image}: ${reason}`, {
      next: ['the image needs a shell (sh) and tcpdump: name another with --image'],
    });
  return new StartProblem(`the debugger "${container}" cannot start: ${messageOf(reason)}`, {
    next: ['name another image with --image if this one is at fault'],
  });
}

function describe({ metadata: { name, namespace } }: Pod): string {
  return `kubectl describe pod ${name} -n ${namespace}   shows what the node says of it`;
}
