import { expect, it } from 'vitest';
import { parseQdiscs, type Qdisc } from '../../../src/tools/ip/qdisc.ts';
import { factsOf } from './support/fixture.ts';
import { BRIDGED } from './support/fixtures/bridged.ts';
import { pathBetween } from './support/pathBetween.ts';

/**
 * The findings between two pods if node-a has these queueing disciplines, as printed by tc, and these filters on its
 * devices.
 */
function findingsWith(printed: readonly object[], filters: Readonly<Record<string, string>> = {}) {
  const facts = factsOf(BRIDGED.FLANNEL_HOST_GW);
  const qdiscs = parseQdiscs(JSON.stringify(printed)).map(
    (qdisc): Qdisc => ({ ...qdisc, filters: [filters[qdisc.device] ?? ''] }),
  );
  const nodes = facts.nodes.map((node) => ({
    ...node,
    namespaces: node.namespaces.map((network) =>
      node.name === 'node-a' && network.owner.kind === 'host' ? { ...network, qdiscs } : network,
    ),
  }));
  const { findings, trace } = pathBetween({ ...facts, nodes }, 'a1', 'b1');
  const ends = trace.paths.map(({ end }) => end);
  return {
    ends,
    faults: findings.map(({ kind, severity, where }) => [kind, severity, where.device]),
  };
}

const NETEM = { kind: 'netem', drops: 3 };

it('reports a device on the path that simulates a bad network, once', () => {
  const loss = { dev: 'vetha1', options: { 'loss-random': { loss: 0.3 } }, ...NETEM };
  const { ends, faults } = findingsWith([loss]);
  expect(ends).toEqual(['delivered', 'delivered']);
  expect(faults).toEqual([['network-emulation', 'warning', 'vetha1']]);
});

it('ignores devices that the packet does not pass, and netem without effect', () => {
  const options = { 'loss-random': { loss: 0.3 } };
  const otherDevice = { dev: 'veth-other', options, ...NETEM };
  const idle = { dev: 'vetha1', options: { limit: 1000 }, ...NETEM };
  expect(findingsWith([otherDevice, idle]).faults).toEqual([]);
});

it('reports rate limits, also for packets that leave the pod', () => {
  const limit = (dev: string) => ({ kind: 'tbf', dev, options: { rate: 1_250_000 } });
  const ingress = { kind: 'ingress', dev: 'vetha1', options: {} };
  const mirred = 'action order 1: mirred (Egress Redirect to device bwp0) stolen';
  expect(findingsWith([limit('vetha1'), limit('bwp1')]).faults).toEqual([
    ['rate-limit', 'info', 'vetha1'],
  ]);
  expect(findingsWith([ingress, limit('bwp0')], { vetha1: mirred }).faults).toEqual([
    ['rate-limit', 'info', 'bwp0'],
  ]);
});
