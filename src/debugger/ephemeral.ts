import type { KubeApi } from '../kube/api.ts';
import type { EphemeralContainer, Pod } from '../kube/pod.ts';
import { addContainer } from './addContainer.ts';
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
    : await addContainer(api, pod, (current) => wanted(current, request));
  await waitUntilRunning(api, changed, { ...options, container, image: request.image });
  return { ...place, container, fresh: true };
}

/** The one that somebody else has added meanwhile, else a new one. */
function wanted(pod: Pod, request: DebuggerRequest): EphemeralContainer | { existing: string } {
  const theirs = reusable(pod, request);
  if (theirs) return { existing: theirs.name };
  return debuggerContainer(freeName(pod, request.profile), request);
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
