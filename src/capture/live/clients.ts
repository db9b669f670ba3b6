import type { KubeApi } from '../../kube/api.ts';
import { isApiError, isTransient } from '../../kube/apiError.ts';
import { listAll } from '../../kube/listAll.ts';
import { type Pod, podsPath } from '../../kube/pod.ts';
import type { ResolvedTarget } from '../../kube/targets/resolvedTarget.ts';
import type { Notice } from '../../notice.ts';

import { openCursor } from '../../pcap/openCursor.ts';
import type { PacketCursor } from '../../pcap/packetCursor.ts';
import { InvalidPcapError } from '../../pcap/records.ts';
import type { TargetSink } from '../sinks/sink.ts';
import { parseClientPacket } from './clientPacket.ts';

/** A pod that connects to a captured one, and the note about it. */
interface Client {
  readonly pod: Pod;
  readonly text: string;
}

interface ClientLookup {
  readonly address: string;
  /** The captured pod that it connected to. */
  readonly server: Pod;
  /** Set if an earlier lookup found no pod with this address. */
  readonly isRetry?: true;
}

/** How many clients outside the cluster to report: a public service has very many. */
const MAX_REPORTED_EXTERNALS = 3;
/** How many clients may wait for a lookup; more are ignored to bound memory. */
const MAX_WAITING = 1_000;
/** How many addresses to remember. */
const MAX_KNOWN = 100_000;
/** When to look up an address again, in milliseconds, because another pod may have it by then. */
const POD_RECHECK_MS = 60_000;
const EXTERNAL_RECHECK_MS = 600_000;
/** Milliseconds in which a new pod may send packets before the API server knows its address. */
const NEW_POD_DELAY_MS = 3_000;

/**
 * Finds the pods that connect to captured pods by looking at packets, so that both ends of a connection are captured.
 * clientPacket.ts detects the clients. The API server tells which pod has an address, in all namespaces or, if the user may
 * not list pods there, in one.
 */
export class Clients {
  readonly #api: KubeApi;
  readonly #namespace: string;
  readonly #onNote: (notice: Notice) => void;
  /** When an address may be looked up again, as a time of performance.now(). */
  readonly #recheckAt = new Map<string, number>();
  readonly #queue: ClientLookup[] = [];
  /** UIDs of reported pods: each is captured at most once. */
  readonly #reported = new Set<string>();
  #wake: () => void = () => {};
  #externals = 0;
  #path = '/api/v1/pods';

  constructor(api: KubeApi, namespace: string, onNote: (notice: Notice) => void) {
    this.#api = api;
    this.#namespace = namespace;
    this.#onNote = onNote;
  }

  /** Wraps the sink of a target, to inspect a pod's packets as they are written. */
  watchSink({ pod }: ResolvedTarget, sink: TargetSink): TargetSink {
    if (!pod) return sink;
    const { output, events, end } = sink;
    const podAddresses = new Set(
      pod.status?.podIPs?.map(({ ip }) => ip) ?? [pod.status?.podIP ?? ''],
    );
    const inspect = this.#packetInspector(pod, podAddresses);
    return {
      ...(events && { events }),
      end,
      output: {
        write: (chunk) => {
          inspect(chunk);
          return output.write(chunk);
        },
        close: () => output.close(),
        ...(output.nextFile && { nextFile: async () => output.nextFile?.() ?? '' }),
        ...(output.truncateEnd && { truncateEnd: async (bytes) => output.truncateEnd?.(bytes) }),
      },
    };
  }

  /**
   * Yields clients as they are found, until the signal. Throws ApiError if pods may not be listed; retries if the
   * server cannot be reached.
   */
  async *find(signal: AbortSignal): AsyncGenerator<Client, void> {
    signal.addEventListener('abort', () => this.#wake(), { once: true });
    while (!signal.aborted) {
      const lookup = this.#queue.shift();
      if (!lookup) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
          if (signal.aborted || this.#queue.length > 0) resolve();
        });
        continue;
      }
      let pod: Pod | undefined;
      try {
        pod = await this.#findPod(lookup.address, signal);
      } catch (error) {
        if (signal.aborted || !isTransient(error)) throw error;
        this.#retryLater(lookup);
        continue;
      }
      const name = lookup.server.metadata.name;
      if (pod) {
        if (this.#reported.has(pod.metadata.uid)) continue;
        this.#reported.add(pod.metadata.uid);
        yield { pod, text: `joins the capture: it is a client of ${name}` };
      } else if (lookup.isRetry) this.#reportExternal(lookup);
      else this.#retryLater({ ...lookup, isRetry: true });
    }
  }

  /** Returns a function that looks for clients of the pod's addresses in packets. */
  #packetInspector(pod: Pod, podAddresses: ReadonlySet<string>): (chunk: Buffer) => void {
    let cursor: PacketCursor | undefined;
    let beginning: Buffer = Buffer.alloc(0);
    let isReadable = true;
    const read = (chunk: Buffer) => {
      if (cursor) cursor.push(chunk);
      else {
        beginning = Buffer.concat([beginning, chunk]);
        cursor = openCursor(beginning);
      }
      while (cursor?.next()) {
        const linkType = cursor.interfaces[cursor.interfaceIndex]?.linkType ?? -1;
        const clientPacket = parseClientPacket(cursor.bytes, cursor.start, cursor.end, linkType);
        if (clientPacket && podAddresses.has(clientPacket.to))
          this.#addLookup({ address: clientPacket.from, server: pod });
      }
    };
    return (chunk) => {
      if (!isReadable) return;
      try {
        read(chunk);
      } catch (error) {
        if (!(error instanceof InvalidPcapError)) throw error;
        // The sink reports the error.
        isReadable = false;
      }
    };
  }

  #addLookup(lookup: ClientLookup): void {
    const { address } = lookup;
    const now = performance.now();
    if ((this.#recheckAt.get(address) ?? 0) > now) return;
    if (this.#queue.length >= MAX_WAITING) return;
    if (this.#recheckAt.size >= MAX_KNOWN) this.#recheckAt.clear();
    this.#recheckAt.set(address, now + POD_RECHECK_MS);
    this.#enqueue(lookup);
  }

  #enqueue(lookup: ClientLookup): void {
    this.#queue.push(lookup);
    this.#wake();
  }

  #retryLater(lookup: ClientLookup): void {
    setTimeout(() => this.#enqueue(lookup), NEW_POD_DELAY_MS).unref();
  }

  /** The running pod that has this address and does not share it with its node. */
  async #findPod(address: string, signal: AbortSignal): Promise<Pod | undefined> {
    const query = { fieldSelector: `status.podIP=${address}` };
    let pods: Pod[];
    try {
      pods = await listAll<Pod>(this.#api, this.#path, query, signal);
    } catch (error) {
      const path = podsPath(this.#namespace);
      if (!isApiError(error, 403) || this.#path === path) throw error;
      this.#path = path;
      this.#onNote({
        kind: 'client-unknown',
        text: 'note: clients in other namespaces cannot be found, because you may not list pods in all namespaces',
      });
      return this.#findPod(address, signal);
    }
    return pods.find(
      ({ spec, status }) => spec.hostNetwork !== true && status?.phase === 'Running',
    );
  }

  #reportExternal({ address, server }: ClientLookup): void {
    this.#recheckAt.set(address, performance.now() + EXTERNAL_RECHECK_MS);
    this.#externals += 1;
    if (this.#externals > MAX_REPORTED_EXTERNALS) return;
    const { name } = server.metadata;
    const more = this.#externals === MAX_REPORTED_EXTERNALS ? '; others will not be reported' : '';
    this.#onNote({
      kind: 'client-unknown',
      text: `note: ${address} is a client of ${name}, but not a pod: it is a node or outside the cluster${more}`,
    });
  }
}
