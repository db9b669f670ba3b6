import type { DebuggerSettings } from '../debugger/container.ts';
import type { Debugger } from '../debugger/debugger.ts';
import { debuggerFor } from '../debugger/debuggerFor.ts';
import type { EarlyExec } from '../debugger/earlyExec.ts';
import type { Profile } from '../debugger/profile.ts';
import { explainRefusal } from '../debugger/refusals.ts';
import { StartSlots } from '../debugger/startSlots.ts';
import { refuseUnsuitable } from '../debugger/suitability.ts';
import type { KubeApi } from '../kube/api.ts';
import { defaultContainer, type Pod } from '../kube/pod.ts';
import type { Target } from '../kube/targets/parseTargets.ts';
import {
  type ResolvedTarget,
  targetKey,
  targetNames,
  targetNode,
} from '../kube/targets/resolvedTarget.ts';
import { resolveTargets, skippedNotice } from '../kube/targets/resolveTargets.ts';
import { candidatesText } from '../nearest.ts';
import type { Notice } from '../notice.ts';
import { Problem, wrongUsage } from '../problem.ts';
import type { SocketList } from '../tools/socket.ts';
import type { Selection } from '../tools/socketSelection.ts';
import { declaredPorts } from './declaredPorts.ts';
import { listSockets, type PodSockets } from './listSockets.ts';
import { SocketStore } from './socketStore.ts';

export interface PortsRequest {
  readonly targets: readonly Target[];
  readonly maxPods: number;
  readonly selection: Selection;
  /** The container whose process names are listed; the default container if undefined. */
  readonly container?: string;
  readonly settings: DebuggerSettings;
  /** As AccessOptions.early. */
  readonly early?: EarlyExec | undefined;
  readonly onNote: (notice: Notice) => void;
  readonly onProgress: (text: string) => void;
  readonly signal?: AbortSignal;
}

export interface SocketListing {
  /** The sockets of all pods. Each has the name of its pod, unless the user named a single pod. */
  readonly sockets: SocketList;
  /** Lines of the tools' output that were not understood. Their sockets are missing. */
  readonly unreadable: number;
  /** Pods whose sockets could not be listed, while those of others could. */
  readonly failures: readonly { readonly pod: string; readonly error: Problem }[];
  /** Lines for the user about the ports in the specs of the pods. */
  readonly declared: readonly string[];
  /** The number of pods or nodes that were listed. */
  readonly targets: number;
}

/** A listed target, and its label if several are listed together. */
interface ListedTarget {
  readonly resolved: ResolvedTarget;
  readonly label?: string;
}

/**
 * Lists the sockets of targets, any number of times, in existing or new debuggers. Debuggers on nodes are reused for
 * the next list. If the next list comes much later, they have exited, and new ones are created.
 */
export class PortsSession {
  readonly #api: KubeApi;
  readonly #request: PortsRequest;
  readonly #slots = new StartSlots();
  /** By the key of the target. */
  readonly #nodeDebuggers = new Map<string, Debugger>();

  constructor(api: KubeApi, request: PortsRequest) {
    this.#api = api;
    this.#request = request;
  }

  /**
   * Lists the sockets once. Throws a Problem if nothing can be listed. If one of several pods fails, the others are
   * still listed.
   */
  async list(): Promise<SocketListing> {
    const listed = await this.#find();
    const failures: { pod: string; error: Problem }[] = [];
    const results = await Promise.all(
      listed.map(async (target) => {
        try {
          return { target, ...(await this.#listOne(target)) };
        } catch (error) {
          this.#request.signal?.throwIfAborted();
          const explained = explainRefusal(error);
          if (listed.length === 1 || !(explained instanceof Problem)) throw explained;
          failures.push({
            pod: target.label ?? targetKey(target.resolved),
            error: explained,
          });
          return undefined;
        }
      }),
    );
    const [first] = failures;
    if (first && failures.length === listed.length) throw first.error;
    const known = results.filter((target) => target !== undefined);
    const pods = known.flatMap(({ target, store }) =>
      target.resolved.pod ? [{ pod: target.resolved.pod, sockets: store }] : [],
    );
    return {
      sockets: mergeStores(known.map(({ store }) => store)).inListingOrder(),
      unreadable: known.reduce((sum, { unreadable }) => sum + unreadable, 0),
      failures,
      declared: declaredPorts(pods, this.#request.selection),
      targets: known.length,
    };
  }

  /** Removes the debuggers that were created for the lists. */
  async close(): Promise<void> {
    const kept = [...this.#nodeDebuggers.values()];
    this.#nodeDebuggers.clear();
    await Promise.all(kept.map((dbg) => dbg.close()));
  }

  async #find(): Promise<ListedTarget[]> {
    const { targets, maxPods, signal, onNote } = this.#request;
    const resolved = await resolveTargets(this.#api, targets, {
      maxPods,
      ...(signal && { signal }),
    });
    signal?.throwIfAborted();
    const skipped = skippedNotice(resolved);
    if (skipped) onNote(skipped);
    const [target, another] = targets;
    const isOne = !another && (target?.kind === 'pod' || target?.kind === 'node');
    const nameOf = targetNames(resolved.targets);
    return resolved.targets.map((target) => ({
      resolved: target,
      ...(!isOne && { label: nameOf(target) }),
    }));
  }

  async #listOne(target: ListedTarget): Promise<PodSockets> {
    const { selection, signal, onNote, onProgress } = this.#request;
    const key = targetKey(target.resolved);
    const kept = this.#nodeDebuggers.get(key);
    const labelled = (text: string) =>
      target.label === undefined ? text : `${target.label}: ${text}`;
    const listed = await this.#slots.take(targetNode(target.resolved), signal);
    try {
      const dbg = kept ?? (await this.#debugger(target));
      if (dbg.kind === 'node') this.#nodeDebuggers.set(key, dbg);
      return await listSockets(this.#api.access, dbg, profileOf(selection), selection, {
        note: (notice) =>
          onNote(target.label === undefined ? notice : { ...notice, target: target.label }),
        waiting: (text) => onProgress(labelled(text)),
        ...(target.label !== undefined && { label: target.label }),
        ...(signal && { signal }),
      });
    } catch (error) {
      if (!kept || signal?.aborted) throw error;
      this.#nodeDebuggers.delete(key);
      await kept.close();
    } finally {
      listed();
    }
    return this.#listOne(target);
  }

  async #debugger({ resolved, label }: ListedTarget): Promise<Debugger> {
    const { selection, settings, signal, early, onProgress, onNote } = this.#request;
    const { pod } = resolved;
    if (pod) refuseUnsuitable(pod);
    if (pod?.spec.hostNetwork)
      onNote({
        kind: 'node-network',
        text: `pod "${pod.metadata.name}" uses the network of its node, so these are the sockets of the node`,
      });
    const target = pod && selection.processes ? processTarget(pod, this.#request) : undefined;
    return debuggerFor(
      this.#api,
      resolved,
      {
        profile: profileOf(selection),
        command: 'ports',
        ...settings,
        ...(target !== undefined && { target }),
      },
      {
        onProgress: (text) => onProgress(label === undefined ? text : `${label}: ${text}`),
        onNote,
        early,
        ...(signal && { signal }),
      },
    );
  }
}

/** The sockets of several pods in one store. A single store is returned as is. */
function mergeStores(stores: readonly SocketStore[]): SocketStore {
  const [first, ...others] = stores;
  if (first && others.length === 0) return first;
  const all = new SocketStore();
  for (const store of stores) for (const socket of store) all.add(socket);
  return all;
}

function profileOf({ processes }: Selection): Profile {
  return processes ? 'processes' : 'network';
}

/** The container whose processes the debugger shares; undefined if the containers of the pod share theirs. */
function processTarget(pod: Pod, { container, onNote }: PortsRequest): string | undefined {
  const names = pod.spec.containers.map(({ name }) => name);
  if (container !== undefined && !names.includes(container))
    throw wrongUsage(
      `container ${container} is not valid for pod ${pod.metadata.name}`,
      candidatesText('containers of this pod', container, names),
    );
  if (pod.spec.shareProcessNamespace) return undefined;
  const chosen = container ?? defaultContainer(pod);
  const status = pod.status?.containerStatuses?.find(({ name }) => name === chosen);
  if (status && !status.state?.running)
    throw new Problem(`container ${chosen} is not running, so it has no processes to name`, {
      kind: 'unsuitable',
      next: ['leave out -p, or choose another container with -c'],
    });
  if (container === undefined && names.length > 1)
    onNote({
      kind: 'narrowed',
      text: `only processes of container ${chosen} are shown; choose another with -c: ${names.join(', ')}`,
    });
  return chosen;
}
