import type { DebuggerRequest } from '../debugger/container.ts';
import { ensureDebugger } from '../debugger/ephemeral.ts';
import { explainRefusal } from '../debugger/refusals.ts';
import type { KubeApi } from '../kube/api.ts';
import { defaultContainer, type Pod } from '../kube/pod.ts';
import { findPod, parseTarget } from '../kube/target.ts';
import { Problem, wrongUsage } from '../problem.ts';
import type { Selection } from '../tools/socketSelection.ts';
import { listSockets, type SocketListing } from './listSockets.ts';

export interface PortsRequest {
  readonly target: string;
  readonly selection: Selection;
  /** Whose processes are named; the default container when absent. */
  readonly container?: string;
  readonly settings: Pick<DebuggerRequest, 'image' | 'pullPolicy' | 'ttl'>;
  readonly onNote: (text: string) => void;
  readonly onProgress: (text: string) => void;
  readonly signal?: AbortSignal;
}

/** Lists a pod's sockets once, in a debugger that is there or made. Throws a Problem. */
export async function listPorts(api: KubeApi, request: PortsRequest): Promise<SocketListing> {
  const { selection, settings, signal, onProgress, onNote } = request;
  const { namespace } = api.access;
  try {
    const pod = await findPod(api, namespace, parseTarget(request.target).pod);
    signal?.throwIfAborted();
    if (pod.spec.hostNetwork)
      onNote(`pod "${pod.metadata.name}" uses its node's network: these are the node's sockets`);
    const profile = selection.processes ? 'processes' : 'network';
    const target = selection.processes ? processTarget(pod, request) : undefined;
    const place = await ensureDebugger(
      api,
      pod,
      { profile, ...settings, ...(target !== undefined && { target }) },
      { onProgress, ...(signal && { signal }) },
    );
    return await listSockets(api.access, place, profile, selection, signal);
  } catch (error) {
    throw explainRefusal(error, namespace);
  }
}

/** The container whose processes the debugger shares; none where the whole pod shares them. */
function processTarget(pod: Pod, { container, onNote }: PortsRequest): string | undefined {
  const names = pod.spec.containers.map(({ name }) => name);
  if (container !== undefined && !names.includes(container))
    throw wrongUsage(
      `container ${container} is not valid for pod ${pod.metadata.name}`,
      `choose one of: ${names.join(', ')}`,
    );
  if (pod.spec.shareProcessNamespace) return undefined;
  const chosen = container ?? defaultContainer(pod);
  const status = pod.status?.containerStatuses?.find(({ name }) => name === chosen);
  if (status && !status.state?.running)
    throw new Problem(`container ${chosen} is not running, so it has no processes to name`, {
      next: ['leave out -p, or choose another container with -c'],
    });
  if (container === undefined && names.length > 1)
    onNote(`processes are named of container ${chosen} only; choose with -c: ${names.join(', ')}`);
  return chosen;
}
