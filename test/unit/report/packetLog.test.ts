import { describe, expect, it } from 'vitest';
import { KEEP_BIT, PacketBudget, PacketLog } from '../../../src/report/collect/packetLog.ts';

const packet = (number: number, { marks = 0, sequence = number, length = 100 } = {}) => ({
  time: number * 1e6,
  number,
  sequence,
  acknowledgment: 0,
  length,
  marks,
  ipId: -1,
});

function numbersOf(log: PacketLog): number[] {
  return Array.from({ length: log.count }, (_, at) => log.at(at).number);
}

describe('a log of packets', () => {
  it('keeps all packets of a short conversation', () => {
    const log = new PacketLog(new PacketBudget(1_000));
    for (let number = 1; number <= 200; number++) log.add(packet(number));
    log.close();
    expect(numbersOf(log)).toEqual(Array.from({ length: 200 }, (_, at) => at + 1));
    expect(log.at(41)).toEqual({ ...packet(42), ordinal: 42 });
  });

  it('keeps the beginning, the end and problems of a long one, with the packets before a problem', () => {
    const log = new PacketLog(new PacketBudget(1_000));
    for (let number = 1; number <= 10_000; number++) {
      const isRepeat = number === 5_030;
      log.add(packet(number, isRepeat ? { marks: KEEP_BIT, sequence: 5_000 } : {}));
    }
    const numbers = numbersOf(log);
    expect(numbers.length).toBeLessThanOrEqual(240);
    expect(numbers.slice(0, 20)).toEqual(Array.from({ length: 20 }, (_, at) => at + 1));
    expect(numbers.slice(-20)).toEqual(Array.from({ length: 20 }, (_, at) => 9_981 + at));
    // The retransmitted packet, and its original.
    expect(numbers).toEqual(expect.arrayContaining([5_000, 5_029, 5_030]));
    expect(log.at(numbers.indexOf(5_030)).ordinal).toBe(5_030);
    expect(log.lastOrdinal).toBe(10_000);
  });

  it('stays within its limit if every packet is a problem', () => {
    const log = new PacketLog(new PacketBudget(1_000));
    for (let number = 1; number <= 5_000; number++) log.add(packet(number, { marks: KEEP_BIT }));
    const numbers = numbersOf(log);
    expect(numbers.length).toBeLessThanOrEqual(240);
    expect(numbers[0]).toBe(1);
    expect(numbers.at(-1)).toBe(5_000);
  });

  it('uses only its share of the budget; problems may use the reserve', () => {
    const budget = new PacketBudget(100);
    const logs = Array.from({ length: 30 }, () => new PacketLog(budget));
    for (const log of logs) log.add(packet(1));
    expect(logs.filter(({ count }) => count > 0)).toHaveLength(9);
    const troubled = new PacketLog(budget);
    troubled.add(packet(1, { marks: KEEP_BIT }));
    expect(troubled.count).toBe(1);
    for (const log of logs) log.close();
    const next = new PacketLog(budget);
    next.add(packet(1));
    expect(next.count).toBe(1);
  });
});
