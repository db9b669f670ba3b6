import type { Readable } from 'node:stream';
import { addressText } from '../packets/address.ts';
import { LINK_TYPE } from '../packets/link.ts';
import { type CaptureReader, openCapture, openCaptureStream } from '../pcap/captureReader.ts';
import type { CapturedInterface } from '../pcap/packetCursor.ts';
import type { Conversation } from './conversation.ts';
import { Names } from './conversationNames.ts';
import { addCaptureFindings, type BrokenFile } from './findings/captureFindings.ts';
import { addDnsFindings } from './findings/dnsFindings.ts';
import { Finder } from './findings/finder.ts';
import type { Finding } from './findings/finding.ts';
import { addHttpFindings, checkHttp } from './findings/httpRules.ts';
import { NatBypassDetector } from './findings/natBypass.ts';
import { addArpFindings, addIcmpFindings } from './findings/networkFindings.ts';
import { addPointFindings } from './findings/pointFindings.ts';
import { addTcpFindings } from './findings/tcpFindings.ts';
import { checkTcp } from './findings/tcpRules.ts';
import { addTlsFindings, checkTls } from './findings/tlsRules.ts';
import { limitHeapGrowth } from './heapGrowth.ts';
import { comparePoints } from './points/comparePoints.ts';
import { connectionNumbers } from './points/comparisonJson.ts';
import type { PointComparison } from './points/pointComparison.ts';
import { PointView } from './points/pointView.ts';
import { Summarizer } from './summarizer.ts';
import type { SummaryCollector } from './summaryCollector.ts';
import { percentText, pluralise } from './timeText.ts';

/** The number of conversations remembered to find them at other points. */
const MAX_VIEWS = 50_000;

/** One capture: a file, the files of a ring in order, or a stream. */
export interface CaptureSource {
  readonly label: string;
  readonly paths: readonly string[];
  /** Read instead of the paths, for standard input. */
  readonly stream?: Readable;
  /** Packets that the recorder lost, if only a manifest contains this count. */
  readonly dropped?: number;
  /** Gaps in the recording between its files, from a manifest. */
  readonly gaps?: number;
}

/** Totals of the conversations that were closed to make room. */
export interface OtherConversations {
  conversations: number;
  packets: number;
  bytes: number;
}

export interface Summary {
  readonly summarizer: Summarizer;
  readonly names: Names;
  /** Conversations with details, in the order of their first packets. */
  readonly conversations: readonly Conversation[];
  readonly others: OtherConversations;
  readonly findings: readonly Finding[];
  /** Comparisons of points that saw the same connections. */
  readonly comparisons: readonly PointComparison[];
  readonly broken: readonly BrokenFile[];
}

/** Callbacks and collectors of a run. */
export interface SummaryOptions {
  /** Called occasionally with the number of packets read so far. */
  readonly onPackets?: (packets: number) => void;
  readonly signal?: AbortSignal;
  /** Collects more than the summary does. */
  readonly collector?: SummaryCollector;
}

/** Reads captures once and returns their contents and findings. Throws UnreadableCapture. */
export async function summarize(
  sources: readonly CaptureSource[],
  { onPackets, signal, collector }: SummaryOptions = {},
): Promise<Summary> {
  limitHeapGrowth();
  const run = new SummaryRun(sources.length > 1, collector);
  for (const source of sources) {
    run.summarizer.beginCapture(source.label);
    for (const input of source.stream ? [source.stream] : source.paths) {
      const path = typeof input === 'string' ? input : source.label;
      try {
        await run.read(input, path, onPackets, signal);
      } catch (error) {
        if (signal?.aborted) throw error;
        throw new UnreadableCapture(path, error);
      }
    }
    run.summarizer.addDropped(source.dropped);
    run.summarizer.addGaps(source.gaps ?? 0);
  }
  return run.finish();
}

/** A file could not be opened or is not a capture; `cause` is the reason. */
export class UnreadableCapture extends Error {
  readonly path: string;

  constructor(path: string, cause: unknown) {
    super(`cannot read ${path}`, { cause });
    this.path = path;
  }
}

class SummaryRun {
  readonly summarizer: Summarizer;
  readonly #names = new Names();
  readonly #finder: Finder;
  readonly #nat = new NatBypassDetector();
  readonly #others: OtherConversations = { conversations: 0, packets: 0, bytes: 0 };
  readonly #kept: Conversation[] = [];
  readonly #broken: BrokenFile[] = [];
  readonly #views: PointView[] = [];
  readonly #collector: SummaryCollector | undefined;

  constructor(hasSeveralCaptures: boolean, collector: SummaryCollector | undefined) {
    this.#collector = collector;
    const observer = {
      collector,
      conversationClosed: (conversation: Conversation, isEvicted: boolean) => {
        if (isEvicted) this.#evict(conversation);
        else this.#kept.push(conversation);
      },
    };
    this.summarizer = new Summarizer(observer, hasSeveralCaptures);
    const { summarizer } = this;
    this.#finder = new Finder(this.#names, summarizer.interfaces, () => summarizer.baseSeconds);
  }

  async read(
    input: string | Readable,
    path: string,
    onPackets: SummaryOptions['onPackets'],
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { summarizer } = this;
    const reader = typeof input === 'string' ? await openCapture(input) : openCaptureStream(input);
    try {
      summarizer.beginFile();
      while (await reader.readChunk()) {
        while (reader.next()) summarizer.add(reader.cursor);
        onPackets?.(summarizer.packets);
        signal?.throwIfAborted();
      }
      this.#endFile(path, reader);
    } finally {
      await reader.close();
    }
  }

  #endFile(path: string, reader: CaptureReader): void {
    const { cursor, damage, truncatedBytes, packets } = reader;
    this.summarizer.endFile(cursor);
    for (const { address, name } of cursor.names)
      this.#names.add(addressText(address, 0, address.length), name);
    if (damage !== undefined || truncatedBytes > 0) this.#broken.push({ path, damage, packets });
  }

  finish(): Summary {
    const { summarizer } = this;
    summarizer.finish();
    const finder = this.#finder;
    for (const conversation of this.#kept) this.#remember(conversation);
    const explained = this.#nat.finish(finder);
    for (const conversation of this.#kept)
      if (!explained.has(conversation.serial)) this.#judge(conversation);
    nameLocalAddresses(this.#names, summarizer.interfaces, this.#kept);
    const active = new Set(
      this.#kept.flatMap(({ client, server }) => [client.address, server.address]),
    );
    const comparisons = comparePoints(
      this.#views,
      summarizer.interfaces,
      summarizer.traces,
      (...lost) => this.#collector?.addLost(...lost),
    );
    const connections = connectionNumbers(comparisons);
    addPointFindings(finder, comparisons);
    addTcpFindings(finder);
    addTlsFindings(finder);
    addHttpFindings(finder);
    addDnsFindings(finder, summarizer.dns);
    addIcmpFindings(finder, summarizer.icmpErrors);
    addArpFindings(finder, summarizer.arp, (address) => active.has(address), active.size === 0);
    addCaptureFindings(finder, summarizer.interfaces, this.#broken);
    return {
      summarizer,
      names: this.#names,
      conversations: this.#kept.sort((a, b) => a.serial - b.serial),
      others: this.#others,
      findings: finder.finish(
        caveatOf(summarizer),
        (conversation) => connections.get(conversation) ?? -1 - conversation,
      ),
      comparisons,
      broken: this.#broken,
    };
  }

  #evict(conversation: Conversation): void {
    this.#others.conversations += 1;
    this.#others.packets += conversation.packets;
    this.#others.bytes += conversation.bytes;
    this.#remember(conversation);
    this.#judge(conversation);
  }

  #remember(conversation: Conversation): void {
    if (conversation.tcp) this.#nat.add(conversation, conversation.tcp);
    // The packets inside a tunnel are compared, not the tunnel.
    if (conversation.carries !== 'none' || this.#views.length >= MAX_VIEWS) return;
    if (conversation.trace || this.#isOfAnyDevice(conversation))
      this.#views.push(new PointView(conversation, this.summarizer.traces));
  }

  /** Whether it was captured on all devices, and so before and after a translation. */
  #isOfAnyDevice({ interfaceIndex }: Conversation): boolean {
    const linkType = this.summarizer.interfaces[interfaceIndex]?.linkType;
    return linkType === LINK_TYPE.sll || linkType === LINK_TYPE.sll2;
  }

  #judge(conversation: Conversation): void {
    const { tcp, tls, http, end } = conversation;
    const finder = this.#finder;
    finder.hasOldVxlan ||= this.summarizer.hasOldVxlan;
    if (tcp) checkTcp(finder, conversation, tcp, this.summarizer.end);
    if (tls) checkTls(finder, conversation, tls, this.summarizer.baseSeconds * 1000 + end / 1e6);
    if (http) checkHttp(finder, conversation, http);
  }
}

/** The caveat for all findings in a capture that lost packets itself. */
function caveatOf({ interfaces, packets }: Summarizer): string | undefined {
  const dropped = interfaces.reduce((sum, on) => sum + (on.dropped ?? 0), 0);
  if (dropped > 0)
    return `${percentText(dropped, packets + dropped)} of packets were not captured: this may be an artifact of the capture`;
  const gaps = interfaces.reduce((sum, on) => sum + on.gaps, 0);
  return gaps > 0
    ? `${pluralise(gaps, 'part')} of the recording ${gaps === 1 ? 'is' : 'are'} missing: this may be an artifact of the capture`
    : undefined;
}

/** The interface of a pod sees only packets of that pod, so the address that they all share belongs to the pod. */
function nameLocalAddresses(
  names: Names,
  interfaces: readonly { readonly index: number; readonly described: CapturedInterface }[],
  conversations: readonly Conversation[],
): void {
  for (const { index, described } of interfaces) {
    const pod = podOf(described);
    if (pod === undefined) continue;
    const ownConversations = conversations.filter(({ interfaceIndex }) => interfaceIndex === index);
    const [first] = ownConversations;
    if (!first) continue;
    for (const { address } of [first.client, first.server]) {
      const isOfAll = ownConversations.every(
        ({ client, server }) => client.address === address || server.address === address,
      );
      const isAlone = ownConversations.some(
        ({ client, server }) =>
          client.address !== first.client.address || server.address !== first.server.address,
      );
      if (isOfAll && isAlone) names.add(address, pod);
    }
  }
}

/** The pod in the comments of an interface, as written by our captures. */
function podOf({ comments }: CapturedInterface): string | undefined {
  const lines = comments.flatMap((comment) => comment.split('\n'));
  const value = (key: string) =>
    lines.find((line) => line.startsWith(`${key}: `))?.slice(key.length + 2);
  const pod = value('pod');
  const namespace = value('namespace');
  return pod === undefined ? undefined : namespace === undefined ? pod : `${namespace}/${pod}`;
}
