import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PLANTED_FAULTS, type Scene, type SceneEnd, type Step } from './support/plantedFaults.ts';
import { runPod } from './support/pods.ts';
import { run } from './support/process.ts';
import { kubectl, PROGRAM, world } from './support/world.ts';

/** All faults take minutes: a few of them unless ALL_FAULTS is set. */
const FAULTS = process.env.ALL_FAULTS
  ? PLANTED_FAULTS
  : PLANTED_FAULTS.filter((_, at) => at % 6 === 0);

interface End {
  readonly name: string;
  readonly ip: string;
  /** A pod with all rights on its node, for what the test does there. */
  readonly tools: string;
  readonly pid: string;
}

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

describe.runIf(world.kind === 'local')('path between two nodes', { timeout: 600_000 }, () => {
  let ends: Record<Step['end'], End>;
  let scene: Scene;

  const onNode = ({ tools }: End, command: string) =>
    kubectl(['exec', tools, '--', 'nsenter', '-t', '1', '-m', '-n', 'sh', '-c', command]);
  const inPod = ({ tools, pid }: End, command: string) =>
    kubectl([
      ...['exec', tools, '--', 'nsenter', '-t', '1', '-m'],
      ...['nsenter', '-t', pid, '-n', 'sh', '-c', command],
    ]);
  const perform = async (steps: readonly Step[]) => {
    for (const step of steps) {
      const end = ends[step.end];
      await (step.in === 'node' ? onNode(end, step.run) : inPod(end, step.run));
    }
  };

  async function startEnd(node: 0 | 1): Promise<End> {
    const [pod, tools] = await Promise.all([
      runPod('path', { node }),
      runPod('path-tools', {
        node,
        image: world.flavours[0]?.image ?? '',
        command: ['sleep', '3600'],
        spec: { hostPID: true, hostNetwork: true },
        container: { securityContext: { privileged: true } },
      }),
    ]);
    const uid = await kubectl(['get', 'pod', pod.name, '-o', 'jsonpath={.metadata.uid}']);
    const find = `for p in /proc/[0-9]*; do if grep -qE '${uid}|${uid.replaceAll('-', '_')}' $p/cgroup; then echo \${p#/proc/}; fi; done | head -n 1`;
    const pid = (await kubectl(['exec', tools.name, '--', 'sh', '-c', find])).trim();
    return { ...pod, tools: tools.name, pid };
  }

  async function sceneEnd(end: End): Promise<SceneEnd> {
    const json = async (where: typeof onNode, command: string) =>
      JSON.parse(await where(end, command));
    const [eth0] = await json(inPod, 'ip -j addr show eth0');
    const hostLinks = await json(onNode, 'ip -j -d link');
    const [tunnel] = await json(onNode, 'ip -j addr show flannel.1');
    const [bridge] = await json(onNode, 'ip -j addr show cni0');
    const [uplink] = await json(onNode, 'ip -j addr show eth0');
    const ipv4 = (link: { addr_info: { family: string; local: string }[] }) =>
      link.addr_info.find(({ family }) => family === 'inet')?.local ?? '';
    const hostEnd = hostLinks.find(
      ({ ifindex }: { ifindex: number }) => ifindex === eth0.link_index,
    );
    return {
      address: end.ip,
      gateway: ipv4(bridge),
      hostEnd: hostEnd.ifname,
      podCidr: ipv4(bridge).replace(/\.\d+$/, '.0/24'),
      nodeAddress: ipv4(uplink),
      vtep: ipv4(tunnel),
      vtepMac: tunnel.address,
    };
  }

  beforeAll(async () => {
    const [from, to] = await Promise.all([startEnd(0), startEnd(1)]);
    ends = { from, to };
    const router = (
      await onNode(from, "ip route show default | sed 's/.*via \\([^ ]*\\).*/\\1/'")
    ).trim();
    const [one, other] = [await sceneEnd(from), await sceneEnd(to)];
    scene = { bridge: 'cni0', tunnel: 'flannel.1', uplink: 'eth0', router, from: one, to: other };
  }, 180_000);

  afterAll(async () => {
    const names = Object.values(ends ?? {}).flatMap(({ name, tools }) => [name, tools]);
    await kubectl(['delete', 'pod', '--now', '--wait=false', ...names]);
  });

  it('names the devices that ip names, there and back, by the routes of the kernel', async () => {
    const { directions, findings } = await netdebugPath(ends.from.name, ends.to.name);
    expect(findings).toEqual([]);
    expect(directions.map(({ end }) => end)).toEqual(['delivered', 'delivered']);
    const names = directions[0]?.hops.map(({ pod, device }) => `${pod ? 'pod ' : ''}${device}`);
    const { from, to } = scene;
    expect(names).toEqual([
      ...['pod eth0', from.hostEnd, 'cni0', 'flannel.1', 'eth0'],
      ...['eth0', 'flannel.1', 'cni0', to.hostEnd, 'pod eth0'],
    ]);
    expect(directions[1]?.hops.map(({ ifindex }) => ifindex)).toEqual(
      directions[0]?.hops.map(({ ifindex }) => ifindex).toReversed(),
    );
    for (const hop of directions[0]?.hops ?? []) {
      const end = hop.node === world.nodes[0] ? ends.from : ends.to;
      const where = hop.pod === undefined ? onNode : inPod;
      const [link] = JSON.parse(await where(end, `ip -j link show dev ${hop.device}`));
      expect([link.ifindex, link.address]).toEqual([hop.ifindex, hop.mac]);
    }
    const routes = directions
      .flatMap(({ decisions }) => decisions)
      .filter(({ kind }) => kind === 'route');
    expect(new Set(routes.map(({ by }) => by))).toEqual(new Set(['kernel']));
  });

  it.for(FAULTS)('finds first: $name', async ({ kind, plant, repair }) => {
    await perform(plant(scene));
    const { findings } = await netdebugPath(ends.from.name, ends.to.name).finally(() =>
      perform(repair(scene)),
    );
    const independent = findings.filter(({ causedBy }) => causedBy === undefined);
    expect(
      independent.map((one) => one.kind),
      JSON.stringify(findings, null, 1),
    ).toEqual([kind]);
    // A packet each way, as a client would send one: who did not answer before does now.
    await inPod(ends.from, `timeout 3 socat -u - TCP:${scene.to.address}:80 </dev/null || true`);
    expect((await netdebugPath(ends.from.name, ends.to.name)).findings).toEqual([]);
  });
});
