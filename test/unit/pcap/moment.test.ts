import { describe, expect, it } from 'vitest';
import { divideTicks, type Resolution, toMoment, writeTicks } from '../../../src/pcap/moment.ts';
import { Chance } from './madeCaptures.ts';

/** Times with carries and borrows: at the limits of words, seconds and 32 bits. */
const EDGES = [0, 1, 65_535, 65_536, 1_780_000_000, 2 ** 31, 2 ** 32 - 1];
const FRACTIONS = [0, 1000, 999_999_000, 500_000_000];

function times(): { seconds: number; nanoseconds: number }[] {
  const chance = new Chance(7);
  const some = Array.from({ length: 500 }, () => ({
    seconds: chance.between(0, 2 ** 32 - 1),
    nanoseconds: chance.between(0, 999_999) * 1000,
  }));
  return [
    ...some,
    ...EDGES.flatMap((seconds) => FRACTIONS.map((nanoseconds) => ({ seconds, nanoseconds }))),
  ];
}

describe('the 64 bits of a time', () => {
  it.each<Resolution>([6, 9])('are exact in both directions at 10^-%i s', (resolution) => {
    const perSecond = 10 ** resolution;
    for (const { seconds, nanoseconds } of times()) {
      const bytes = Buffer.alloc(8);
      writeTicks(bytes, 0, seconds, nanoseconds, resolution);
      const high = bytes.readUInt32LE(0);
      const low = bytes.readUInt32LE(4);
      const ticks = (BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds)) * BigInt(perSecond);
      expect((BigInt(high) << 32n) | BigInt(low)).toBe(ticks / 1_000_000_000n);
      const rest = (nanoseconds * perSecond) / 1e9;
      expect(divideTicks(high, low, perSecond)).toEqual({ seconds, rest });
    }
  });

  it('are computed from milliseconds', () => {
    expect(toMoment(1_780_000_000_123)).toEqual({
      seconds: 1_780_000_000,
      nanoseconds: 123_000_000,
    });
  });
});
