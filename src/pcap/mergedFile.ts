import { BlockBatch, packetBlockLength } from './blockBatch.ts';
import type { MergeSource, NumberedInterface } from './mergeSource.ts';
import { isBefore, type Moment, toMoment } from './moment.ts';
import type { CapturedInterface } from './packetCursor.ts';
import {
  interfaceBlock,
  namesBlock,
  type SectionDescription,
  sectionBlock,
  statisticsBlock,
} from './pcapngBlocks.ts';
import { OPTION } from './pcapngFormat.ts';
import { PcapngOptions } from './pcapngOptions.ts';
import { describeInterface, podNames } from './podInterface.ts';

/** In comments of a file, before the number of packets that were written after newer ones. */
export const LATE_PACKETS_PREFIX = 'packets that arrived late and were written after newer ones: ';

const BATCH_BYTES = 256 * 1024;

export interface FileLimits {
  /** The maximum size of the file, without the statistics at its end. */
  readonly maxBytes?: number | undefined;
  readonly maxPackets?: number | undefined;
}

/** The blocks of a merged file; its owner writes them in batches. */
export class MergedFile {
  readonly batch = new BlockBatch(BATCH_BYTES);
  packets = 0;
  /** Packets written after newer ones. */
  latePackets = 0;
  /** The time of the newest packet. */
  readonly newest = { seconds: -1, nanoseconds: 0 };
  readonly #section: SectionDescription;
  readonly #maxBytes: number;
  readonly #maxPackets: number;
  #interfaces = 0;
  /** The size of the batches before the current one. */
  #bytesBefore = 0;

  constructor(section: SectionDescription, limits: FileLimits) {
    this.#section = section;
    this.#maxBytes = limits.maxBytes ?? Number.POSITIVE_INFINITY;
    this.#maxPackets = limits.maxPackets ?? Number.POSITIVE_INFINITY;
  }

  /** Describes the interfaces that the source has named since the last call. */
  describe(source: MergeSource): void {
    const { cursor, closedInterfaces } = source.queue;
    if (closedInterfaces.length > 0)
      for (const closed of closedInterfaces.splice(0)) this.#addInterface(source, closed);
    if (cursor !== source.numberedCursor) {
      source.numberedCursor = cursor;
      source.interfaces = [];
    }
    if (!cursor) return;
    const { interfaces } = cursor;
    while (source.interfaces.length < interfaces.length) {
      const capturedInterface = interfaces[source.interfaces.length] as CapturedInterface;
      source.interfaces.push(this.#addInterface(source, capturedInterface));
    }
  }

  /** Adds the current packet of the source. Returns "later" if the batch is full, and "never" if the file is. */
  addPacket(source: MergeSource): 'added' | 'later' | 'never' {
    const { queue } = source;
    const { cursor } = queue;
    const numberedInterface = cursor && source.interfaces[cursor.interfaceIndex];
    if (!numberedInterface) return 'never';
    const options =
      queue.comments.length > 0 ? gapOptions(queue.comments, queue.lostPackets) : undefined;
    const length = packetBlockLength(cursor, options);
    if (!this.batch.hasRoomFor(length)) return 'later';
    const bytes = this.#bytesBefore + this.batch.length + length;
    if (this.packets >= this.#maxPackets || bytes > this.#maxBytes) return 'never';
    this.batch.addPacket(numberedInterface.id, numberedInterface.resolution, cursor, options);
    if (options) {
      queue.comments = [];
      queue.lostPackets = 0;
    }
    this.#count(source);
    return 'added';
  }

  /** Writes the statistics of a source that has ended: one block, for its first interface. */
  close(source: MergeSource): void {
    const [first] = source.interfacesByKey.values();
    if (!first) return;
    const { sourceEnd: ended, comments } = source.queue;
    const late = `${LATE_PACKETS_PREFIX}${source.latePackets}`;
    const statistics = ended?.statistics ?? {};
    const block = statisticsBlock({
      ...first,
      at: statistics.end === undefined ? this.#lastTime(source) : toMoment(statistics.end),
      delivered: source.packets,
      statistics,
      comments: [
        ...(ended?.comments ?? []),
        ...comments,
        ...(source.latePackets > 0 ? [late] : []),
      ],
    });
    this.batch.add(block);
  }

  /** Call after the batch was written. */
  clear(): void {
    this.#bytesBefore += this.batch.length;
    this.batch.clear();
  }

  /** The time of the last packet of the source, or else of the file, or else the current time. */
  #lastTime(source: MergeSource): Moment {
    if (source.packets > 0) return source;
    return this.packets > 0 ? this.newest : toMoment(Date.now());
  }

  #count(source: MergeSource): void {
    this.packets += 1;
    source.packets += 1;
    if (isBefore(source, this.newest)) {
      this.latePackets += 1;
      source.latePackets += 1;
    } else {
      this.newest.seconds = source.seconds;
      this.newest.nanoseconds = source.nanoseconds;
    }
  }

  /** The number of an interface of this source. Describes the interface in the file at its first use. */
  #addInterface(source: MergeSource, capturedInterface: CapturedInterface): NumberedInterface {
    const key = JSON.stringify(capturedInterface);
    const known = source.interfacesByKey.get(key);
    if (known) return known;
    if (this.#interfaces === 0) this.batch.add(sectionBlock(this.#section));
    this.batch.add(interfaceBlock(describeInterface(source.at, capturedInterface)));
    const names = source.interfacesByKey.size === 0 ? podNames(source.at) : [];
    if (names.length > 0) this.batch.add(namesBlock(names));
    const numberedInterface = { id: this.#interfaces, resolution: capturedInterface.resolution };
    this.#interfaces += 1;
    source.interfacesByKey.set(key, numberedInterface);
    return numberedInterface;
  }
}

/** The options of a packet that follows a loss. */
function gapOptions(comments: readonly string[], lost: number): Buffer {
  const options = new PcapngOptions().comment(comments);
  return options.count(OPTION.packetDropCount, lost > 0 ? lost : undefined).encode();
}
