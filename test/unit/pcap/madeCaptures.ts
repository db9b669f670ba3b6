import type { Moment } from '../../../src/pcap/moment.ts';

/** Pseudo-random numbers, the same in every run with the same seed (mulberry32). */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** A whole number from `least` to `most`, both included. */
  between(least: number, most: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    const fraction = ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
    return least + Math.floor(fraction * (most - least + 1));
  }

  oneOf<T>(values: readonly T[]): T {
    return values[this.between(0, values.length - 1)] as T;
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.between(0, 255)));
  }
}

export interface MadePacket {
  readonly at: Moment;
  readonly originalLength: number;
  readonly data: Buffer;
}

export interface MadeCapture {
  readonly nanoseconds: boolean;
  readonly littleEndian: boolean;
  readonly linkType: number;
  readonly snapLength: number;
  readonly packets: readonly MadePacket[];
}

export const LINK_TYPES = { ethernet: 1, raw: 101, linuxSll2: 276 } as const;

/** The classic pcap file of a capture. */
export function pcapOf(capture: MadeCapture): Buffer {
  const word = (value: number) => {
    const bytes = Buffer.alloc(4);
    if (capture.littleEndian) bytes.writeUInt32LE(value);
    else bytes.writeUInt32BE(value);
    return bytes;
  };
  const half = (value: number) => {
    const bytes = word(value);
    return capture.littleEndian ? bytes.subarray(0, 2) : bytes.subarray(2);
  };
  const header = [
    word(capture.nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4),
    half(2),
    half(4),
    Buffer.alloc(8),
    word(capture.snapLength),
    word(capture.linkType),
  ];
  const records = capture.packets.flatMap(({ at, originalLength, data }) => [
    word(at.seconds),
    word(capture.nanoseconds ? at.nanoseconds : at.nanoseconds / 1000),
    word(data.length),
    word(originalLength),
    data,
  ]);
  return Buffer.concat([...header, ...records]);
}

export interface CaptureShape {
  readonly packets: number;
  /** Every packet of capture k of n has a time that no other capture has: no ties between files. */
  readonly slot: number;
  readonly slots: number;
  /** Packets may be slightly older than those before them. */
  readonly disordered?: boolean;
}

/** A capture of packets with random contents, of a random kind. */
export function makeCapture(chance: Chance, shape: CaptureShape): MadeCapture {
  const nanoseconds = chance.between(0, 1) === 1;
  const snapLength = chance.oneOf([64, 128, 262144]);
  const unit = nanoseconds ? 1 : 1000;
  let tick = chance.between(0, 1000);
  const packets = Array.from({ length: shape.packets }, () => {
    tick += chance.between(shape.disordered ? -300 : 0, chance.oneOf([3, 30, 3000, 300_000]));
    const ticks = Math.max(0, tick) * shape.slots + shape.slot;
    const total = ticks * unit;
    const originalLength = chance.between(40, chance.oneOf([60, 200, 1514]));
    return {
      at: { seconds: START + Math.floor(total / 1e9), nanoseconds: total % 1e9 },
      originalLength,
      data: chance.bytes(Math.min(originalLength, snapLength)),
    };
  });
  return {
    nanoseconds,
    littleEndian: chance.between(0, 3) > 0,
    linkType: chance.oneOf(Object.values(LINK_TYPES)),
    snapLength,
    packets,
  };
}

/** The year 2026. */
const START = 1_780_000_000;
