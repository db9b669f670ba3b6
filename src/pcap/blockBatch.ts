import { type Resolution, writeTicks } from './moment.ts';
import type { PacketCursor } from './packetCursor.ts';
import {
  BLOCK,
  BLOCK_FRAME_BYTES,
  BLOCK_HEADER_BYTES,
  PACKET_FIELDS_BYTES,
  padTo4,
} from './pcapngFormat.ts';

/** The offset of the packet within its block. */
const PACKET_AT = BLOCK_HEADER_BYTES + PACKET_FIELDS_BYTES;

/** Whole pcapng blocks that wait to be written, in a reused buffer. */
export class BlockBatch {
  length = 0;
  #buffer: Buffer;

  constructor(capacity: number) {
    this.#buffer = Buffer.allocUnsafeSlow(capacity);
  }

  /** The blocks added since the last clear(). Valid until the next clear(). */
  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.length);
  }

  clear(): void {
    this.length = 0;
  }

  /** Whether a block of this length fits. An empty batch takes a block of any length. */
  hasRoomFor(length: number): boolean {
    return this.length === 0 || this.length + length <= this.#buffer.length;
  }

  add(block: Buffer): void {
    this.#grow(block.length);
    block.copy(this.#buffer, this.length);
    this.length += block.length;
  }

  /** Adds the current packet of a cursor. `options` are encoded, including their end mark. */
  addPacket(
    interfaceId: number,
    resolution: Resolution,
    packet: PacketCursor,
    options: Buffer | undefined,
  ): void {
    const length = packetBlockLength(packet, options);
    this.#grow(length);
    const buffer = this.#buffer;
    const at = this.length;
    const captured = packet.end - packet.start;
    buffer.writeUInt32LE(BLOCK.packet, at);
    buffer.writeUInt32LE(length, at + 4);
    buffer.writeUInt32LE(interfaceId, at + 8);
    writeTicks(buffer, at + 12, packet.seconds, packet.nanoseconds, resolution);
    buffer.writeUInt32LE(captured, at + 20);
    buffer.writeUInt32LE(packet.originalLength, at + 24);
    const packetEnd = at + PACKET_AT + padTo4(captured);
    // The padding is in the last word. Clear that word first; the packet overwrites its part.
    if (captured > 0) buffer.writeUInt32LE(0, packetEnd - 4);
    packet.bytes.copy(buffer, at + PACKET_AT, packet.start, packet.end);
    options?.copy(buffer, packetEnd);
    buffer.writeUInt32LE(length, at + length - 4);
    this.length += length;
  }

  #grow(length: number): void {
    if (this.length + length <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(this.length + length);
    this.#buffer.copy(larger, 0, 0, this.length);
    this.#buffer = larger;
  }
}

export function packetBlockLength(packet: PacketCursor, options: Buffer | undefined): number {
  const captured = padTo4(packet.end - packet.start);
  return BLOCK_FRAME_BYTES + PACKET_FIELDS_BYTES + captured + (options?.length ?? 0);
}

/** The end of the last whole block within the first `length` bytes of a batch. */
export function completeBlocksWithin(bytes: Buffer, length: number): number {
  let end = 0;
  while (end + BLOCK_HEADER_BYTES <= length) {
    const next = end + bytes.readUInt32LE(end + 4);
    if (next > length) break;
    end = next;
  }
  return end;
}
