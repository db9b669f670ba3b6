import { describe, expect, it } from 'vitest';
import { mergePoints } from '../../../src/report/page/mergePoints.ts';
import type { DiagramPacket } from '../../../src/report/page/packets.ts';

const packet = (time: number, more: Partial<DiagramPacket> = {}): DiagramPacket => ({
  time,
  number: time,
  skipped: 0,
  fromClient: true,
  isLost: false,
  flags: 0x10,
  analysis: 0,
  sequence: 1,
  acknowledgment: 1,
  length: 100,
  ipId: 1,
  label: '',
  ...more,
});

describe('packets of one connection at two points', () => {
  it('are joined to one packet each, on the clock of the first point', () => {
    const near = [packet(0, { sequence: 1 }), packet(900, { sequence: 5, fromClient: false })];
    const far = [
      packet(0, { sequence: 1, label: 'GET /' }),
      packet(100, { sequence: 5, fromClient: false }),
    ];
    const merged = mergePoints([
      { packets: near, offset: 0 },
      { packets: far, offset: 400 },
    ]);
    expect(merged.map(({ times }) => times)).toEqual([
      [0, 400],
      [900, 500],
    ]);
    expect(merged[0]?.packet.label).toBe('GET /');
  });

  it('are not matched if they got lost, even if a similar one arrived', () => {
    const near = [packet(0, { isLost: true, ipId: 7 }), packet(1_000, { ipId: 8 })];
    const far = [packet(1_400, { ipId: 8 })];
    const merged = mergePoints([
      { packets: near, offset: 0 },
      { packets: far, offset: 0 },
    ]);
    expect(merged.map(({ times, lostAfter }) => [times, lostAfter])).toEqual([
      [[0, undefined], 0],
      [[1_000, 1_400], -1],
    ]);
  });

  it('are distinguished by their IP identification, or by time without one', () => {
    const at = (times: readonly number[], ids: readonly number[]) =>
      times.map((time, index) => packet(time, { ipId: ids[index] ?? -1 }));
    const swapped = mergePoints([
      { packets: at([0, 10], [1, 2]), offset: 0 },
      { packets: at([50, 60], [2, 1]), offset: 0 },
    ]);
    expect(swapped.map(({ times }) => times)).toEqual([
      [0, 60],
      [10, 50],
    ]);
    const without = mergePoints([
      { packets: at([0, 1e6], []), offset: 0 },
      { packets: at([1_000_400], []), offset: 0 },
    ]);
    expect(without.map(({ times }) => times)).toEqual([
      [0, undefined],
      [1e6, 1_000_400],
    ]);
  });

  it('pass three points, and end where they got lost', () => {
    const arrival = { packets: [packet(0)], offset: 0 };
    const merged = mergePoints([
      arrival,
      { packets: [packet(0, { isLost: true })], offset: 10 },
      { packets: [], offset: 20 },
    ]);
    expect(merged).toHaveLength(1);
    expect(merged[0]).toMatchObject({ times: [0, 10, undefined], lostAfter: 1 });
    const back = mergePoints([
      { packets: [], offset: 0 },
      { packets: [packet(0, { fromClient: false, isLost: true })], offset: 0 },
      { packets: [packet(0, { fromClient: false })], offset: -10 },
    ]);
    expect(back[0]).toMatchObject({ times: [undefined, 0, -10], lostAfter: 1 });
  });
});
