import type { DebuggerSettings } from '../debugger/container.ts';
import { debuggerFor, findTarget } from '../debugger/debuggerFor.ts';
import type { Debugger } from '../debugger/place.ts';
import type { Profile } from '../debugger/profile.ts';
import { explainRefusal } from '../debugger/refusals.ts';
import type { KubeApi } from '../kube/api.ts';
import { defaultContainer, type Pod } from '../kube/pod.ts';
import type { Target } from '../kube/targets/parseTargets.ts';
import { Problem, wrongUsage } from '../problem.ts';
import type { Selection } from '../tools/socketSelection.ts';
import { listSockets, type SocketListing } from './listSockets.ts';

export interface PortsRequest {
  readonly targets: readonly Target[];
  readonly selection: Selection;
  /** Whose processes are named; the default container when absent. */
  readonly container?: string;
  readonly settings: DebuggerSettings;
  readonly onNote: (text: string) => void;
  readonly onProgress: (text: string) => void;
  readonly signal?: AbortSignal;
}

/**
 * Lists a target's sockets, as often as is asked, in a debugger that is there or made. One on a node is
 * kept from one list to the next, and ends by itself between lists that are far apart: then another is made.
 */
export class PortsSession {
  readonly #api: KubeApi;
  readonly #request: PortsRequest;
  #kept: Debugger | undefined;

  constructor(api: KubeApi, request: PortsRequest) {
    this.#api = api;
    this.#request = request;
  }

  /** Lists them once. Throws a Problem. */
  async list(): Promise<SocketListing> {
    const { selection, signal } = this.#request;
    const kept = this.#kept;
    try {
      const place = kept ?? (await this.#debugger());
      if (place.kind === 'node') this.#kept = place;
      return await listSockets(this.#api.access, place, profileOf(selection), selection, signal);
    } catch (error) {
      if (kept && !signal?.aborted) {
        await this.close();
        return this.list();
      }
      throw explainRefusal(error, this.#api.access.namespace);
    }
  }

  /** Removes what was made for the lists. */
  async close(): Promise<void> {
    await this.#kept?.close();
    this.#kept = undefined;
  }

  async #debugger(): Promise<Debugger> {
    const { targets, selection, settings, signal, onProgress, onNote } = this.#request;
    const found = await findTarget(this.#api, targets, signal);
    signal?.throwIfAborted();
    const { pod } = found;
    if (pod?.spec.hostNetwork)
      onNote(`pod "${pod.metadata.name}" uses its node's network: these are the node's sockets`);
    const target = pod && selection.processes ? processTarget(pod, this.#request) : undefined;
    return debuggerFor(
      this.#api,
      found,
      {
        profile: profileOf(selection),
        command: 'ports',
        ...settings,
        ...(target !== undefined && { target }),
      },
      { onProgress, onNote, ...(signal && { signal }) },
    );
  }
}

function profileOf({ processes }: Selection): Profile {
  return processes ? 'processes' : 'network';
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
