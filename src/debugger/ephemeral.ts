import type { KubeApi } from '../kube/api.ts';
import type { EphemeralContainer, Pod } from '../kube/pod.ts';
import { addContainer } from './addContainer.ts';
import {
  type DebuggerRequest,
  debuggerContainer,
  freeName,
  matchingDebuggers,
} from './container.ts';
import type { Debugger } from './debugger.ts';
import type { EphemeralLevel } from './profile.ts';
import { debuggerStatus, type StartOptions, waitUntilRunning } from './start.ts';

/** The kubelet's port, through which an exec arrives (its default, which every installer uses). */
const KUBELET_PORT = 10250;

/** A debugger that already runs in the pod or was requested; undefined if there is none. */
export async function existingDebugger(
  api: KubeApi,
  pod: Pod,
  request: DebuggerRequest,
  options: Pick<StartOptions, 'onProgress' | 'onNote' | 'signal'>,
): Promise<Debugger | undefined> {
  const found = reusable(pod, request);
  if (!found) return undefined;
  const { name, running } = found;
  if (!running)
    await waitUntilRunning(api, pod, { ...options, container: name, image: request.image });
  return ephemeralDebugger(pod, name, !running);
}

/** Adds a debugger to the pod, unless another process already has, and waits until it runs. */
export async function addDebugger(
  api: KubeApi,
  pod: Pod,
  request: DebuggerRequest,
  accessLevel: EphemeralLevel,
  options: Pick<StartOptions, 'onProgress' | 'onNote' | 'signal'>,
): Promise<Debugger> {
  const { changed, container } = await addContainer(api, pod, (current) => {
    const theirs = reusable(current, request);
    return theirs ? { existing: theirs.name } : newDebugger(current, request, accessLevel);
  });
  await waitUntilRunning(api, changed, { ...options, container, image: request.image });
  return ephemeralDebugger(changed, container, true);
}

/** The container that would be added to the pod. */
export function newDebugger(
  pod: Pod,
  request: DebuggerRequest,
  accessLevel: EphemeralLevel,
): EphemeralContainer {
  return debuggerContainer(freeName(pod, request.profile), request, accessLevel);
}

function ephemeralDebugger(home: Pod, container: string, fresh: boolean): Debugger {
  const { metadata, spec } = home;
  const added = spec.ephemeralContainers?.find(({ name }) => name === container);
  const ofNode = spec.hostNetwork === true;
  return {
    namespace: metadata.namespace,
    pod: metadata.name,
    container,
    kind: 'ephemeral',
    accessLevel: added?.securityContext?.capabilities?.add ? 'least' : 'baseline',
    fresh,
    home,
    ofNode,
    ownPorts: ofNode ? [KUBELET_PORT] : [],
    close: async () => {},
  };
}

/** A debugger that is running, or that was just requested and may still start. */
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
