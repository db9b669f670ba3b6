import ipaddr from 'ipaddr.js';
import { BlockBatch, packetBlockLength } from '../pcap/blockBatch.ts';
import type { CapturedInterface } from '../pcap/packetCursor.ts';
import { interfaceBlock, namesBlock, sectionBlock } from '../pcap/pcapngBlocks.ts';
import { PcapngOptions } from '../pcap/pcapngOptions.ts';
import type { PacketStream } from './input/packetStream.ts';

const BATCH_BYTES = 1024 * 1024;

/** Writes packets of a stream to a pcapng file, with its interfaces and names of addresses. */
export class PacketWriter {
  packets = 0;
  readonly #write: (bytes: Buffer) => Promise<void>;
  readonly #batch = new BlockBatch(BATCH_BYTES);
  /** Interface numbers in the written file by description. All files of a capture describe the same interfaces. */
  readonly #numbers = new Map<string, number>();
  /** Interface numbers by the describing object, which is faster. */
  readonly #known = new Map<CapturedInterface, number>();
  #names = 0;

  constructor(application: string, write: (bytes: Buffer) => Promise<void>) {
    this.#write = write;
    this.#batch.add(sectionBlock({ application }));
  }

  /** Writes the interfaces of a capture without packets. */
  describe(interfaces: readonly CapturedInterface[]): void {
    for (const captureInterface of interfaces) this.#number(captureInterface);
  }

  /** Copies new names. */
  addNames({ names }: PacketStream): void {
    if (names.length <= this.#names) return;
    this.#batch.add(namesBlock(names.slice(this.#names)));
    this.#names = names.length;
  }

  /** Adds the current packet; false if flush() must be called first. */
  add(stream: PacketStream): boolean {
    const { cursor } = stream;
    const described = stream.interface;
    const id = this.#known.get(described) ?? this.#number(described);
    const { comments } = cursor;
    const options =
      comments.length > 0 ? new PcapngOptions().comment(comments).encode() : undefined;
    if (!this.#batch.hasRoomFor(packetBlockLength(cursor, options))) return false;
    this.#batch.addPacket(id, described.resolution, cursor, options);
    this.packets += 1;
    return true;
  }

  /** Adds names for addresses that are not from the input. */
  nameAddresses(names: ReadonlyMap<string, string>): void {
    const addresses = [...names].map(([address, name]) => ({
      address: Buffer.from(ipaddr.parse(address).toByteArray()),
      name,
    }));
    if (addresses.length > 0) this.#batch.add(namesBlock(addresses));
  }

  async flush(): Promise<void> {
    if (this.#batch.length === 0) return;
    await this.#write(this.#batch.bytes);
    this.#batch.clear();
  }

  #number(described: CapturedInterface): number {
    const key = JSON.stringify(described);
    const existing = this.#numbers.get(key);
    const id = existing ?? this.#numbers.size;
    if (existing === undefined) {
      this.#numbers.set(key, id);
      this.#batch.add(interfaceBlock(described));
    }
    this.#known.set(described, id);
    return id;
  }
}
