import { expect, it } from 'vitest';
import { parseQdiscs } from '../../../src/tools/ip/qdisc.ts';

it('reads the effects of a device on the packets that it sends, as printed by tc', () => {
  const counters = { bytes: 90, packets: 1, drops: 7, overlimits: 3, requeues: 0, qlen: 2 };
  const common = { dropped: 7, overlimits: 3, backlogPackets: 2 };
  const options = {
    limit: 1000,
    delay: { delay: 0.1, jitter: 0.01, correlation: 0 },
    'loss-random': { loss: 0.25, correlation: 0 },
    corrupt: { corrupt: 0.01, correlation: 0 },
    rate: { rate: 125000, packetoverhead: 0 },
  };
  const printed = [
    { kind: 'noqueue', dev: 'lo', root: true, options: {}, ...counters },
    { kind: 'tbf', dev: 'v0', options: { rate: 1250000, burst: 4096, lat: 400000 }, ...counters },
    { kind: 'netem', dev: 'v1', options, ...counters },
    { kind: 'netem', dev: 'v2', options: { 'loss-gemodel': { p: 0.03, r: 1 } }, ...counters },
  ];
  const none = { lost: 0, corrupted: 0, duplicated: 0, reordered: 0, delay: 0 };
  expect(parseQdiscs(JSON.stringify(printed))).toEqual([
    { device: 'lo', kind: 'noqueue', ...common },
    { device: 'v0', kind: 'tbf', ...common, rate: 10_000_000 },
    {
      device: 'v1',
      kind: 'netem',
      ...common,
      rate: 1_000_000,
      emulation: { ...none, lost: 0.25, corrupted: 0.01, delay: 0.1 },
    },
    { device: 'v2', kind: 'netem', ...common, emulation: { ...none, lost: 0.03 } },
  ]);
});
