import { setTimeout as wait } from 'node:timers/promises';
import { tcpdumpChangesUser } from '../../debugger/image.ts';
import type { LeasedProcess } from '../../debugger/leasedProcess.ts';
import type { Output } from '../../output/output.ts';
import { PcapngMerger } from '../../pcap/pcapngMerger.ts';
import { localSection } from '../../pcap/section.ts';
import { Problem } from '../../problem.ts';
import { parseTcpdumpLine, type TcpdumpStatistics } from '../../tools/tcpdump.ts';
import type { FactsPool } from '../collect/factsPool.ts';
import type { PathTrace } from '../trace/tracePath.ts';
import recordScript from './record.sh';
import { withoutPort } from './runProbe.ts';
import { pairFilter } from './watchFilter.ts';
import { placeKey, type WatchPoint, watchPoints } from './watchPoint.ts';

export interface RecordRequest {
  /** How many bytes of each packet are kept. */
  readonly snapLength: number;
  readonly maxPackets?: number;
  readonly maxBytes?: number;
  /** Milliseconds after which the capture ends. */
  readonly duration?: number;
  /** Ends the capture and writes the packets captured so far. */
  readonly stop: AbortSignal;
  /** Ends the capture immediately. */
  readonly abandon: AbortSignal;
  /** Called when all devices are being captured. */
  readonly onReady: (points: readonly WatchPoint[], filter: string) => void;
}

/** The result of the capture at one device. */
export interface RecordedPoint {
  readonly point: WatchPoint;
  /** `namespace/name` of the device's pod. */
  readonly pod?: string;
  readonly packets: number;
  readonly dropped: number;
  /** Why the device was not captured, or why its capture ended early. */
  readonly problem?: string;
}

/** How often tcpdump is asked whether it has delivered everything, and for how long after its answer is awaited. */
const MAX_QUESTIONS = 16;
const ANSWER_MS = 250;
const LISTEN_TIMEOUT_MS = 20_000;

/**
 * Captures the traffic between the ends of a path at each of its devices. Writes one pcapng file with an interface
 * per device, ordered by time. Throws a Problem if no device can be captured, or if the output fails.
 */
export async function recordPath(
  pool: FactsPool,
  trace: PathTrace,
  output: Output,
  request: RecordRequest,
): Promise<RecordedPoint[]> {
  const points = watchPoints(trace);
  const filter = captureFilter(trace);
  const full = new AbortController();
  const merger = new PcapngMerger(output, {
    section: localSection(),
    ...(request.maxPackets !== undefined && { maxPackets: request.maxPackets }),
    ...(request.maxBytes !== undefined && { maxBytes: request.maxBytes }),
    onFull: () => full.abort(),
    signal: request.abandon,
  });
  const pods = podsByPlace(trace);
  const recorders = points.map(
    (point) => new PointRecorder(pool, merger, point, pods.get(placeKey(point)), filter, request),
  );
  await Promise.all(recorders.map((recorder) => recorder.listening));
  const failed = recorders.filter(({ problem }) => problem !== undefined);
  if (failed.length === recorders.length)
    throw new Problem(
      `no device of the path can be captured: ${failed[0]?.problem ?? 'none was read'}`,
      { kind: 'recorder' },
    );
  request.onReady(points, filter);
  const { stop, abandon, duration } = request;
  const stopped = AbortSignal.any([stop, abandon, full.signal]);
  const allEnded = Promise.allSettled(recorders.map((recorder) => recorder.ended));
  await Promise.race([
    allEnded,
    duration === undefined
      ? aborted(stopped)
      : wait(duration, undefined, { signal: stopped }).catch(() => {}),
  ]);
  await Promise.all(recorders.map((recorder) => recorder.deliverAll(abandon)));
  for (const recorder of recorders) recorder.stop();
  await allEnded;
  await merger.finish();
  return recorders.map((recorder) => recorder.result);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Runs tcpdump on one device and adds its packets to the file. */
class PointRecorder {
  readonly listening: Promise<void>;
  readonly ended: Promise<void>;
  problem: string | undefined;
  readonly #point: WatchPoint;
  readonly #pod: { readonly name: string; readonly namespace: string } | undefined;
  readonly #messages: string[] = [];
  #process: LeasedProcess | undefined;
  #counts: Partial<TcpdumpStatistics> = {};
  /** How often tcpdump has printed its counts. */
  #answers = 0;
  #hasEnded = false;
  #packets: () => number = () => 0;

  constructor(
    pool: FactsPool,
    merger: PcapngMerger,
    point: WatchPoint,
    pod: { readonly name: string; readonly namespace: string } | undefined,
    filter: string,
    { snapLength, abandon }: RecordRequest,
  ) {
    this.#point = point;
    this.#pod = pod;
    const listening = Promise.withResolvers<void>();
    this.listening = listening.promise;
    const timer = setTimeout(() => listening.resolve(), LISTEN_TIMEOUT_MS);
    this.ended = (async () => {
      const { node, path, netns, device } = point;
      const user = tcpdumpChangesUser(pool.image) ? 'root' : '-';
      const words = [path, String(netns), device, user, String(snapLength), filter];
      const recorder = await pool.start(node, recordScript, words, abandon);
      this.#process = recorder;
      const source = merger.addSource({ device, node, filter, ...(pod && { pod }) });
      this.#packets = () => source.packets;
      const readingMessages = this.#readMessages(recorder, () => listening.resolve());
      try {
        for await (const chunk of recorder.stdout as AsyncIterable<Buffer>)
          await source.write(chunk);
        await readingMessages;
        const code = await recorder.exit;
        if (code !== 0) this.problem = this.#messages.at(-1) ?? `tcpdump ended with ${code}`;
      } finally {
        const { droppedByKernel, receivedByFilter } = this.#counts;
        source.end({
          statistics: {
            ...(receivedByFilter !== undefined && { receivedByFilter }),
            ...(droppedByKernel !== undefined && { droppedByKernel }),
          },
        });
      }
    })()
      .catch((error: unknown) => {
        this.problem ??= error instanceof Error ? error.message : String(error);
        this.#process?.close();
      })
      .finally(() => {
        this.#hasEnded = true;
        clearTimeout(timer);
        listening.resolve();
      });
  }

  get result(): RecordedPoint {
    return {
      point: this.#point,
      ...(this.#pod && { pod: `${this.#pod.namespace}/${this.#pod.name}` }),
      packets: this.#packets(),
      dropped: this.#counts.droppedByKernel ?? 0,
      ...(this.problem !== undefined && { problem: this.problem }),
    };
  }

  /**
   * Waits until tcpdump has delivered the packets that have passed its filter by now: it discards the rest when it
   * stops, and on a busy node it reads them late. Gives up after four seconds.
   */
  async deliverAll(abandon: AbortSignal): Promise<void> {
    let goal: number | undefined;
    for (let questions = 0; questions < MAX_QUESTIONS; questions++) {
      if (this.#hasEnded || abandon.aborted) return;
      const earlierAnswers = this.#answers;
      this.#process?.sendSignal();
      await wait(ANSWER_MS, undefined, { signal: abandon }).catch(() => {});
      if (this.#answers === earlierAnswers) continue;
      const { captured = 0, receivedByFilter = 0 } = this.#counts;
      goal ??= receivedByFilter;
      if (captured >= goal) return;
    }
  }

  stop(): void {
    this.#process?.stop();
  }

  async #readMessages(recorder: LeasedProcess, onListening: () => void): Promise<void> {
    let rest = '';
    for await (const chunk of recorder.stderr as AsyncIterable<Buffer>) {
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.#handleLine(line, onListening);
    }
    this.#handleLine(rest, onListening);
  }

  #handleLine(text: string, onListening: () => void): void {
    const line = parseTcpdumpLine(text);
    if (line.kind === 'listening') onListening();
    if (line.kind === 'statistics') {
      this.#counts = { ...this.#counts, ...line.counts };
      this.#answers += 1;
    }
    if (line.kind === 'message') this.#messages.push(line.text);
  }
}

/** A filter for everything between the two ends, with all the addresses that they have on the path. */
function captureFilter({ source, destination, paths }: PathTrace): string {
  const translations = paths.flatMap(({ nat }) => nat);
  const addressesOf = (kind: 'snat' | 'dnat') =>
    translations
      .filter((translation) => translation.kind === kind)
      .flatMap(({ from, to, others }) => [from, to, ...others])
      .map(withoutPort);
  return pairFilter([source, ...addressesOf('snat')], [destination, ...addressesOf('dnat')]);
}

function podsByPlace({ paths }: PathTrace): Map<string, { name: string; namespace: string }> {
  const pods = new Map<string, { name: string; namespace: string }>();
  for (const hop of paths.flatMap(({ hops }) => hops)) {
    const [namespace, name] = hop.pod?.split('/') ?? [];
    if (name !== undefined && namespace !== undefined) pods.set(placeKey(hop), { name, namespace });
  }
  return pods;
}
