import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type FaultPod,
  mend,
  perform,
  reaches,
  sceneOf,
  startFaultPod,
} from './support/faultScene.ts';
import { inNetworkOf, onNode } from './support/nodes.ts';
import { PLANTED_FAULTS, type PlantedFault, type Step } from './support/plantedFaults.ts';
import { deleteKeptPods } from './support/pods.ts';
import { eventually, run } from './support/process.ts';
import { has, needs } from './support/skips.ts';
import { kubectl, netdebug, PROGRAM, world } from './support/world.ts';

/** All faults take minutes, so only some are tested unless ALL_FAULTS is set. */
const FAULTS = process.env.ALL_FAULTS
  ? PLANTED_FAULTS
  : PLANTED_FAULTS.filter((_, at) => at % 6 === 0);
const FAULTS_OF_IPV6 = PLANTED_FAULTS.filter(
  ({ onlyIpv4 }, at) => !onlyIpv4 && (process.env.ALL_FAULTS || at % 6 === 2),
);

interface Finding {
  readonly kind: string;
  readonly causedBy?: string;
}

interface Hop {
  readonly node: string;
  readonly pod?: string;
  readonly device: string;
  readonly ifindex: number;
  readonly mac: string;
}

interface Path {
  readonly directions: readonly {
    readonly end: string;
    readonly hops: readonly Hop[];
    readonly decisions: readonly { readonly kind: string; readonly by: string }[];
  }[];
  readonly findings: readonly Finding[];
}

const PLACE = ['--node-namespace', world.namespace, '--keep-node', '5m'];

async function netdebugPath(...words: string[]): Promise<Path> {
  const [program, ...before] = PROGRAM;
  const { stdout, stderr, code } = await run(
    program,
    [...before, 'path', ...words, '-o', 'json', '-n', world.namespace, ...PLACE],
    { env: { KUBECONFIG: world.kubeconfig } },
  );
  if (code !== 0) throw new Error(`path ended with ${code}: ${stderr}`);
  return JSON.parse(stdout);
}

describe('path between two nodes', () => {
  let ends: Record<Step['end'], FaultPod>;

  beforeEach((test) => needs(test, 'nodes on this machine'));
  beforeAll(async () => {
    if (!has('nodes on this machine')) return;
    const [from, to] = await Promise.all([startFaultPod(0), startFaultPod(1)]);
    ends = { from, to };
  });

  afterAll(async () => {
    if (has('nodes on this machine')) await deleteKeptPods();
    const names = Object.values(ends ?? {}).map(({ name }) => name);
    if (names.length > 0) await kubectl(['delete', 'pod', '--now', '--wait=false', ...names]);
  });

  const words = (family: 4 | 6): string[] => [
    ends.from.name,
    ends.to.name,
    ...(family === 6 ? ['--ipv6'] : []),
  ];

  it.for([4, 6] as const)(
    'finds the same devices as ip in both directions, with the routes of the kernel: IPv%i',
    async (family, test) => {
      if (family === 6) needs(test, 'IPv6 addresses');
      const scene = await sceneOf(ends.from, ends.to, family);
      const { directions, findings } = await netdebugPath(...words(family));
      expect(findings).toEqual([]);
      expect(directions.map(({ end }) => end)).toEqual(['delivered', 'delivered']);
      const names = directions[0]?.hops.map(({ pod, device }) => `${pod ? 'pod ' : ''}${device}`);
      const { from, to } = scene;
      expect(names).toEqual([
        ...['pod eth0', from.hostEnd, 'cni0', scene.tunnel, 'eth0'],
        ...['eth0', scene.tunnel, 'cni0', to.hostEnd, 'pod eth0'],
      ]);
      expect(directions[1]?.hops.map(({ ifindex }) => ifindex)).toEqual(
        directions[0]?.hops.map(({ ifindex }) => ifindex).toReversed(),
      );
      for (const hop of directions[0]?.hops ?? []) {
        const end = hop.node === world.nodes[0] ? ends.from : ends.to;
        const where = hop.pod === undefined ? onNode : inNetworkOf;
        const [link] = JSON.parse(await where(end.processes, `ip -j link show dev ${hop.device}`));
        expect([link.ifindex, link.address]).toEqual([hop.ifindex, hop.mac]);
      }
      const routes = directions
        .flatMap(({ decisions }) => decisions)
        .filter(({ kind }) => kind === 'route');
      expect(new Set(routes.map(({ by }) => by))).toEqual(new Set(['kernel']));
    },
  );

  it('watches passed and dropped packets until Ctrl-C', async () => {
    const scene = await sceneOf(ends.from, ends.to);
    const drop = 'INPUT -p udp --dport 5001 -j DROP';
    await inNetworkOf(ends.to.processes, `iptables-legacy -I ${drop}`);
    try {
      const watching = netdebug(['path', ends.from.name, ends.to.name, '--watch', ...PLACE]);
      await watching.says(/DEVICE +STATE/, 60_000);
      // Repeats until two readings differ: a hundred datagrams pass, and the pod's rule drops them.
      const sends = setInterval(() => {
        void inNetworkOf(
          ends.from.processes,
          `bash -c 'for n in $(seq 100); do echo x >/dev/udp/${ends.to.address}/5001; done'`,
        );
      }, 500);
      await watching
        .says(
          new RegExp(`${world.nodes[1]} ${scene.to.hostEnd} +UP +\\d+.* \\d+ \\(\\+\\d{3}`),
          60_000,
        )
        .finally(() => clearInterval(sends));
      await watching.says(new RegExp(`${world.nodes[1]}.*: .*INPUT.*DROP.* \\+\\d+`), 60_000);
      watching.child.kill('SIGINT');
      const { code, stderr } = await watching.finished;
      expect(code, stderr).toBe(0);
    } finally {
      await inNetworkOf(ends.to.processes, `iptables-legacy -D ${drop}`);
    }
  });

  const findsFirst = async ({ kind, plant, repair }: PlantedFault, family: 4 | 6) => {
    const scene = await sceneOf(ends.from, ends.to, family);
    await perform(ends, plant(scene));
    const { findings } = await netdebugPath(...words(family)).finally(() =>
      mend(ends, repair(scene)),
    );
    const independent = findings.filter(({ causedBy }) => causedBy === undefined);
    expect(
      independent.map((finding) => finding.kind),
      JSON.stringify(findings, null, 1),
    ).toEqual([kind]);
    // One packet each way, as a client would send: the ends resolve their neighbours again.
    expect(await eventually(() => reaches(ends.from, ends.to, 3, family))).toBe(true);
    expect((await netdebugPath(...words(family))).findings).toEqual([]);
  };

  it.for(FAULTS)('finds first: $name', (fault) => findsFirst(fault, 4));

  it.for(FAULTS_OF_IPV6)('finds first with IPv6: $name', (fault, test) => {
    needs(test, 'IPv6 addresses');
    return findsFirst(fault, 6);
  });
});
