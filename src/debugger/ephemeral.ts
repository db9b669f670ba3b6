import type { KubeApi } from '../kube/api.ts';
import { ApiError } from '../kube/apiError.ts';
import { type Pod, podPath } from '../kube/pod.ts';
import { Problem } from '../problem.ts';
import {
  type DebuggerRequest,
  debuggerContainer,
  freeName,
  matchingDebuggers,
} from './container.ts';
import { debuggerStatus, type StartOptions, waitUntilRunning } from './start.ts';
import { refuseUnsuitable, refuseWindowsNode } from './suitability.ts';

/** Where our commands run: a container that shares the target pod's network. */
export interface Debugger {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  /** False when a running one was reused. */
  readonly fresh: boolean;
}

/** Other people add containers too: how often a change of the pod under our hands is met. */
const MAX_ATTEMPTS = 4;

/**
 * Gives a running debugger in the pod: one that is there already, else a new ephemeral container.
 * Throws a Problem that says why when the pod, the cluster's policies or the image do not allow it.
 */
export async function ensureDebugger(
  api: KubeApi,
  pod: Pod,
  request: DebuggerRequest,
  options: Pick<StartOptions, 'onProgress' | 'signal'> = {},
): Promise<Debugger> {
  refuseUnsuitable(pod);
  const { namespace, name } = pod.metadata;
  const place = { namespace, pod: name };

  const existing = reusable(pod, request);
  if (existing?.running) return { ...place, container: existing.name, fresh: false };
  if (!existing) await refuseWindowsNode(api, pod);

  const { changed, container } = existing
    ? { changed: pod, container: existing.name }
    : await inject(api, pod, request);
  await waitUntilRunning(api, changed, { ...options, container, image: request.image });
  return { ...place, container, fresh: true };
}

/** A debugger that runs, or that somebody has just asked for and that may yet run. */
function reusable(
  pod: Pod,
  request: DebuggerRequest,
): { name: string; running: boolean } | undefined {
  const alive = matchingDebuggers(pod, request)
    .map(({ name }) => ({ name, state: debuggerStatus(pod, name)?.state }))
    .filter(({ state }) => state?.terminated === undefined);
  const found = alive.find(({ state }) => state?.running) ?? alive[0];
  return found && { name: found.name, running: found.state?.running !== undefined };
}

async function inject(
  api: KubeApi,
  pod: Pod,
  request: DebuggerRequest,
): Promise<{ changed: Pod; container: string }> {
  const { namespace, name } = pod.metadata;
  let current = pod;
  for (let attempt = 1; ; attempt++) {
    const container = freeName(current, request.profile);
    try {
      const changed = await api.patch<Pod>(
        `${podPath(namespace, name)}/ephemeralcontainers`,
        { spec: { ephemeralContainers: [debuggerContainer(container, request)] } },
        'application/strategic-merge-patch+json',
      );
      return { changed, container };
    } catch (error) {
      if (isUnsupported(error))
        throw new Problem('this cluster has no ephemeral containers (they came with 1.25)', {
          cause: error,
        });
      if (attempt >= MAX_ATTEMPTS || !isRace(error)) throw error;
      current = await api.get<Pod>(podPath(namespace, name));
      const theirs = reusable(current, request);
      if (theirs) return { changed: current, container: theirs.name };
    }
  }
}

/** Somebody took the name we chose, or changed the pod at the same moment. */
function isRace(error: unknown): boolean {
  return (
    error instanceof ApiError &&
    (error.reason === 'Conflict' ||
      (error.reason === 'Invalid' &&
        /existing ephemeral containers|Duplicate value/.test(error.serverMessage)))
  );
}

/** A missing subresource is answered without the pod's name. */
function isUnsupported(error: unknown): boolean {
  return (
    error instanceof ApiError &&
    error.code === 404 &&
    error.serverMessage.includes('could not find the requested resource')
  );
}
