import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { KubeApi } from '../../src/kube/api.ts';
import { authenticate } from '../../src/kube/authentication.ts';
import { chooseContext } from '../../src/kube/kubeconfig.ts';
import { collectFacts } from '../../src/topology/collect/collectFacts.ts';
import { FactsPool } from '../../src/topology/collect/factsPool.ts';
import { queryRoutes } from '../../src/topology/collect/queryRoutes.ts';
import { diagnosePath } from '../../src/topology/findings/diagnosePath.ts';
import type { NetworkFinding } from '../../src/topology/findings/finding.ts';
import { Topology } from '../../src/topology/topology.ts';
import { findEndpoint } from '../../src/topology/trace/endpoint.ts';
import { type PathTrace, tracePath } from '../../src/topology/trace/tracePath.ts';
import { seeded } from '../unit/topology/support/namespaces.ts';
import {
  type FaultPod,
  mend,
  perform,
  reaches,
  sceneOf,
  startFaultPod,
} from './support/faultScene.ts';
import { inNetworkOf, onNode } from './support/nodes.ts';
import { type Affected, PLANTED_FAULTS, type PlantedFault } from './support/plantedFaults.ts';
import { eventually } from './support/process.ts';
import { has, needs } from './support/skips.ts';
import { kubectl, namespaced, world } from './support/world.ts';

const PODS_PER_NODE = process.env.ALL_FAULTS ? 6 : 3;
const PAIRS = process.env.ALL_FAULTS ? 100 : 20;
/** All faults take minutes, so only some are tested unless ALL_FAULTS is set. */
const FAULTS = process.env.ALL_FAULTS
  ? PLANTED_FAULTS
  : PLANTED_FAULTS.filter((_, at) => at % 9 === 3);
const SEED = Number(process.env.SEED ?? 14);

interface Pair {
  readonly from: FaultPod;
  readonly to: FaultPod;
}

const isAcross = ({ from, to }: Pair) => from.node !== to.node;

/** Whether a pair of pods is affected by a fault that was planted at another pair. */
function meets(pair: Pair, planted: Pair, affects: Affected, bridgesFilter: boolean): boolean {
  if (affects === 'across') return isAcross(pair);
  if (affects === 'across-from-node') return isAcross(pair) && pair.from.node === planted.from.node;
  const pod = planted[affects.startsWith('from-') ? 'from' : 'to'];
  const hasPod = pair.from === pod || pair.to === pod;
  const touchesNode = pair.from.node === pod.node || pair.to.node === pod.node;
  switch (affects.replace(/^(from|to)-/, '')) {
    case 'pod':
      return hasPod;
    case 'pod-across':
      return hasPod && isAcross(pair);
    case 'forwarding':
      return touchesNode && (isAcross(pair) || bridgesFilter);
    default:
      return touchesNode;
  }
}

/** Affected pairs with another result than the fault, and unaffected pairs with a finding. */
function wrong(
  findingsByPair: ReadonlyMap<Pair, readonly NetworkFinding[]>,
  planted: Pair,
  { kind, affects }: PlantedFault,
  bridgesFilter: boolean,
): string[] {
  return [...findingsByPair].flatMap(([pair, findings]) =>
    misses(pair, meets(pair, planted, affects, bridgesFilter) ? [kind] : [], findings),
  );
}

/** A line for a pair whose first finding, or independent findings, differ from the expected ones. */
function misses(
  pair: Pair,
  expected: readonly string[],
  findings: readonly NetworkFinding[],
): string[] {
  const independent = findings.filter(({ causedBy }) => causedBy === undefined);
  const kinds = independent.map(({ kind }) => kind).join();
  if (kinds === expected.join() && findings[0]?.kind === expected[0]) return [];
  const evidence = findings.map((finding) => `${finding.kind} (${finding.evidence})`).join('; ');
  return [`${pairText(pair)}: expected ${expected.join() || 'nothing'}, found ${evidence}`];
}

describe('faults at random pairs of pods', () => {
  beforeEach((test) => needs(test, 'nodes on this machine'));
  const random = seeded(SEED);
  let pods: FaultPod[] = [];
  let pairs: Pair[] = [];
  let api: KubeApi;
  let pool: FactsPool;

  beforeAll(async () => {
    if (!has('nodes on this machine')) return;
    const nodes = Array.from({ length: 2 * PODS_PER_NODE }, (_, at) => (at % 2) as 0 | 1);
    pods = await Promise.all(nodes.map(startFaultPod));
    const every = pods.flatMap((from) =>
      pods.filter((to) => to !== from).map((to) => ({ from, to })),
    );
    pairs = Array.from({ length: PAIRS }, () => every.splice(random.below(every.length), 1)).flat();
    const kubeconfig = namespaced(world.kubeconfig);
    api = new KubeApi(await authenticate(chooseContext({ kubeconfig })));
    const { namespace } = world;
    const settings = {
      image: world.flavours[0]?.image ?? '',
      pullPolicy: 'IfNotPresent',
      ttl: 600,
      via: 'auto',
    } as const;
    pool = new FactsPool(api, { settings, namespace, command: 'path', rules: true });
  });

  afterAll(async () => {
    if (!has('nodes on this machine')) return;
    await pool.close();
    api.close();
    await kubectl(['delete', 'pod', '--now', '--wait=false', ...pods.map(({ name }) => name)]);
  });

  const traceIn = (topology: Topology, { from, to }: Pair): PathTrace => {
    const [first, second] = [from, to].map(({ name }) =>
      findEndpoint(topology, name, world.namespace),
    );
    if (!first || !second || 'notFound' in first || 'notFound' in second)
      throw new Error('no such pod');
    return tracePath(topology, { from: first, to: second, protocol: 'tcp', port: 80 });
  };

  /** The findings for each pair, from the facts that `path` collects for one of them. */
  async function findingsOfAll(pair: Pair): Promise<ReadonlyMap<Pair, readonly NetworkFinding[]>> {
    const nodes = world.nodes.map((name, at) => ({
      name,
      scope: 'all' as const,
      namespaces: [pair.from, pair.to].filter(({ node }) => node === at).map(({ uid }) => uid),
    }));
    const objects = { namespace: world.namespace, services: true, policies: true };
    const facts = await collectFacts(api, pool, { nodes, rules: true, cni: false, objects });
    const bare = new Topology(facts);
    const { questions } = traceIn(bare, pair);
    const topology = new Topology(await queryRoutes(pool, facts, questions));
    return new Map(pairs.map((pair) => [pair, diagnosePath(traceIn(topology, pair))]));
  }

  it.for(FAULTS)('are found there and nowhere else: $name', async (fault: PlantedFault) => {
    const { affects, breaks, plant, repair } = fault;
    const isAnywhere = affects === 'from-pod' || affects === 'to-pod';
    const planted = random.oneOf(isAnywhere ? pairs : pairs.filter(isAcross));
    const scene = await sceneOf(planted.from, planted.to);
    const victim = planted[affects.startsWith('from-') ? 'from' : 'to'];
    const filters = await onNode(
      victim.processes,
      'cat /proc/sys/net/bridge/bridge-nf-call-iptables 2>/dev/null || echo 0',
    );
    await perform(planted, plant(scene));
    if (fault.showsLate) await Promise.all(pods.map(forgetNeighbours));
    let findingsByPair: ReadonlyMap<Pair, readonly NetworkFinding[]>;
    try {
      if (breaks) expect(await reaches(planted.from, planted.to, 0.4)).toBe(false);
      else expect(await eventually(() => reaches(planted.from, planted.to, 3))).toBe(true);
      findingsByPair = await findingsOfAll(planted);
    } finally {
      await mend(planted, repair(scene));
    }
    expect(
      wrong(findingsByPair, planted, fault, filters.trim() === '1'),
      pairText(planted),
    ).toEqual([]);
    // After a successful connection, no unresolved neighbour remains.
    expect(await eventually(() => reaches(planted.from, planted.to, 3))).toBe(true);
    const after = await findingsOfAll(planted);
    const left = [...after].flatMap(([pair, findings]) => misses(pair, [], findings));
    expect(left, 'after the repair').toEqual([]);
  });
});

async function forgetNeighbours({ processes }: FaultPod): Promise<void> {
  await inNetworkOf(processes, 'ip neigh flush dev eth0');
}

function pairText({ from, to }: Pair): string {
  return `${from.name} (node ${from.node}) to ${to.name} (node ${to.node})`;
}
