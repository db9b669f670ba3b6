import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { onFabric } from './support/fabric.ts';
import { traced } from './support/failure.ts';
import { type FaultPod, mend, perform, sceneOf, startFaultPod } from './support/faultScene.ts';
import { inNetworkOf, onNode } from './support/nodes.ts';
import { PLANTED_FAULTS, type Scene, type Step } from './support/plantedFaults.ts';
import { deleteKeptPods } from './support/pods.ts';
import { run } from './support/process.ts';
import { has, needs } from './support/skips.ts';
import { freshPath, PROGRAM, world } from './support/world.ts';

/** All faults take minutes, so only some are tested unless ALL_FAULTS is set. */
const LOSSES = PLANTED_FAULTS.filter(({ breaks }) => breaks);
const FAULTS = process.env.ALL_FAULTS ? LOSSES : LOSSES.filter((_, at) => at % 5 === 1);

const IMAGE = world.flavours[0]?.image ?? '';

interface Place {
  readonly node?: string;
  readonly pod?: string;
  readonly device?: string;
}

interface Document {
  readonly probe: readonly {
    readonly direction: string;
    readonly packet: string;
    readonly seen: readonly { readonly hop: Place; readonly atMs?: number }[];
    readonly lost?: { readonly after?: Place; readonly before?: Place };
  }[];
  readonly findings: readonly {
    readonly kind: string;
    readonly where: Place;
    readonly evidence: string;
    readonly meaning: string;
    readonly causedBy?: string;
  }[];
}

/** The last device that sees the packets, or the responses if only those are lost. */
type Last = readonly [end: Step['end'], device: 'pod' | 'hostEnd' | 'bridge' | 'tunnel' | 'uplink'];

const LAST: Readonly<Record<string, Last | 'not sent'>> = {
  "the receiver's eth0 is down": ['to', 'tunnel'],
  "the sender's eth0 is down": 'not sent',
  'the sender has no routes': 'not sent',
  'the receiver has no routes': ['to', 'pod'],
  'rules of the receiver drop': ['to', 'pod'],
  "the receiver's bridge is down": ['to', 'uplink'],
  "the sender's bridge is down": ['from', 'hostEnd'],
  "the receiver's node has no route to its own pods": ['to', 'uplink'],
  "the route to the receiver's node leads to the router": ['from', 'uplink'],
  'the route into the tunnel is deleted': ['from', 'uplink'],
  'the route back into the tunnel is deleted': ['to', 'uplink'],
  'a blackhole takes the receiver': ['from', 'bridge'],
  'the rule to the main table is gone': ['from', 'bridge'],
  "the receiver's host end is down": ['to', 'tunnel'],
  "the receiver's host end is no port of the bridge": ['to', 'tunnel'],
  "the sender's host end is no port of the bridge": ['from', 'hostEnd'],
  'the tunnel device is down': ['from', 'uplink'],
  "the far tunnel end's neighbour entry is gone": ['from', 'bridge'],
  "the far tunnel end's forwarding entry is gone": ['from', 'tunnel'],
  'the forwarding entry leads to no node': ['from', 'tunnel'],
  "the link-layer address of the receiver's tunnel end has changed": ['to', 'tunnel'],
  "the receiver's node does not forward": ['to', 'tunnel'],
  "the sender's node does not forward": ['from', 'bridge'],
  'a strict reverse path filter, and the way back by a mark': ['to', 'tunnel'],
  "the receiver's neighbour entry is of another device": ['to', 'pod'],
  'iptables -P FORWARD DROP on the receiver': ['to', 'tunnel'],
  'a chain of nftables of its own drops on the sender': ['from', 'bridge'],
  'the gateway of the sender is no address of the bridge': 'not sent',
  'the tunnel of the receiver has another VNI': ['to', 'uplink'],
};

async function probe(from: string, to: string, ...more: string[]): Promise<Document> {
  const [program, ...before] = PROGRAM;
  // --probe=mtu needs the ping of iputils, or socat. This image has one of them.
  const place = ['--node-namespace', world.namespace, '--keep-node', '5m', '--image', IMAGE];
  const words = ['path', from, to, ...more, '-o', 'json', '-n', world.namespace];
  const { stdout, stderr, code } = await run(program, [...before, ...words, ...place], {
    env: { KUBECONFIG: world.kubeconfig },
  });
  if (code !== 0) throw new Error(`path ended with ${code}: ${stderr}`);
  return JSON.parse(stdout);
}

/**
 * Tables of a node that no probe may change, and watchers that should have ended. Excludes what other tests add and
 * remove at the same time: pods' interfaces, and rules of services.
 */
const STATE =
  'ip -4 route show table all; ip rule; ip -4 addr | grep -v valid_lft; iptables-save; sysctl -a 2>/dev/null | grep forward; ps ax | grep "[t]cpdump" || true';

describe('path --probe', () => {
  afterAll(async () => {
    if (has('nodes on this machine')) await deleteKeptPods();
  });
  beforeEach((test) => needs(test, 'nodes on this machine'));
  let ends: Record<Step['end'], FaultPod>;
  let scene: Scene;
  beforeAll(async () => {
    if (!has('nodes on this machine')) return;
    const [from, to] = await Promise.all([startFaultPod(0), startFaultPod(1)]);
    ends = { from, to };
    scene = await sceneOf(from, to);
  });

  const stateOf = () =>
    Promise.all(
      Object.values(ends).map(async ({ processes }) => {
        const state = await onNode(processes, STATE);
        const others = /^#|veth|KUBE-/;
        return state
          .replaceAll(/ \[\d+:\d+\]/g, '')
          .split('\n')
          .filter((line) => !others.test(line));
      }),
    );

  it('sees each packet and its response at every device, in order, and leaves nothing behind', async () => {
    const before = await stateOf();
    const kinds = [['--port', '80', '--probe'], ['--probe'], ['--probe=mtu']];
    const ofIpv6 = has('IPv6 addresses')
      ? kinds.slice(0, 2).map((words) => [...words, '--ipv6'])
      : [];
    for (const more of [...kinds, ...ofIpv6]) {
      const scene = await sceneOf(ends.from, ends.to, more.includes('--ipv6') ? 6 : 4);
      const { probe: packets, findings } = await probe(ends.from.name, ends.to.name, ...more);
      expect(findings, more.join(' ')).toEqual([]);
      expect(packets.length).toBeGreaterThan(0);
      for (const { direction, seen } of packets) {
        const devices = seen.map(({ hop }) => `${hop.pod ? 'pod ' : ''}${hop.device}`);
        const { from, to, tunnel } = scene;
        const there = [
          ...['pod eth0', from.hostEnd, 'cni0', tunnel, 'eth0'],
          ...['eth0', tunnel, 'cni0', to.hostEnd, 'pod eth0'],
        ];
        expect(devices).toEqual(direction === 'there' ? there : there.toReversed());
        const times = seen.map(({ atMs }) => atMs ?? Number.NaN);
        expect(times).toEqual(times.toSorted((a, b) => a - b));
      }
    }
    expect(await stateOf()).toEqual(before);
  });

  it.for([4, 6] as const)(
    'reports that a full-size packet is too large, and which device says so or where it is lost: IPv%i',
    async (family, test) => {
      if (family === 6) needs(test, 'IPv6 addresses');
      const words = ['--probe=mtu', ...(family === 6 ? ['--ipv6'] : [])];
      const {
        tunnel,
        uplink,
        family: { tunnelMtu },
      } = await sceneOf(ends.from, ends.to, family);
      const { from, to } = ends;
      await onNode(from.processes, `ip link set ${tunnel} mtu 1380`);
      const result = await probe(ends.from.name, ends.to.name, ...words).finally(async () => {
        await onNode(from.processes, `ip link set ${tunnel} mtu ${tunnelMtu}`);
        await inNetworkOf(from.processes, `ip -${family} route flush cache`);
      });
      expect(result.findings.map(({ kind }) => kind)).toEqual(['probe-too-big']);
      expect(result.findings[0]?.evidence).toContain('MTU 1380');
      // If the link accepts less than its sender assumes, no device reports it.
      await inNetworkOf(from.processes, 'ip link set eth0 mtu 1400');
      await onNode(to.processes, `ip link set ${uplink} mtu 1400`);
      const lost = await probe(ends.from.name, ends.to.name, ...words).finally(async () => {
        await inNetworkOf(from.processes, 'ip link set eth0 mtu 1450');
        await onNode(
          to.processes,
          `ip link set ${uplink} mtu 1500; ip link set flannel.1 mtu 1450${has('IPv6 addresses') ? '; ip link set flannel-v6.1 mtu 1430' : ''}`,
        );
      });
      const found = lost.findings.find(({ kind }) => kind === 'probe-too-big');
      expect(found, JSON.stringify(lost.findings)).toMatchObject({
        causedBy: 'mtu-mismatch',
        where: { node: world.nodes[0], device: uplink },
      });
    },
  );

  it('detects a tunnel whose packets are dropped between the nodes, where all tables are correct', async () => {
    const table = 'netdev planted';
    await onFabric(
      ends.from.processes,
      `nft add table ${table}; nft add chain ${table} c "{ type filter hook ingress device $PORT priority 0; }"; nft add rule ${table} c udp dport 8472 @th,64,8 8 drop`,
    );
    const { findings } = await probe(
      ends.from.name,
      ends.to.name,
      '--port',
      '80',
      '--probe',
    ).finally(() => onFabric(ends.from.processes, `nft delete table ${table}`));
    expect(findings.map(({ kind }) => kind)).toEqual(['probe-lost']);
    expect(findings[0]?.where).toMatchObject({ node: world.nodes[0], device: 'eth0' });
    expect(findings[0]?.evidence).toMatch(new RegExp(`\\b${world.nodes[1]} eth0`));
    expect(findings[0]?.meaning).toMatch(/\b8472\b.*\barrived\b/);
  });

  it('captures 1,000 packets at every device, in order, into one file', async () => {
    const file = freshPath('path.pcapng');
    const words = ['capture', '--path', ends.from.name, ends.to.name, '-w', file];
    const capture = traced([...words, '--node-namespace', world.namespace]);
    await capture.reports('capturing');
    await inNetworkOf(
      ends.from.processes,
      `bash -c 'for number in $(seq 1000); do printf "seq %05d" $number >/dev/udp/${ends.to.address}/5001; done'`,
    );
    capture.child.kill('SIGINT');
    const { code, stderr } = await capture.finished;
    expect(code, stderr).toBe(0);
    const infos = await run('capinfos', [file]);
    expect(infos.stderr).toBe('');
    expect(infos.code).toBe(0);
    const fields = ['-e', 'frame.interface_name', '-e', 'udp.payload'];
    const filter = ['-Y', 'udp.dstport == 5001 && !icmp', '-d', 'udp.port==8472,vxlan'];
    const { stdout, stderr: warnings } = await run('tshark', [
      ...['-r', file, '-n', '-T', 'fields', ...fields, ...filter],
    ]);
    expect(warnings.replace(/^Running as user.*\n/, '')).toBe('');
    const numbers = Map.groupBy(
      stdout
        .trim()
        .split('\n')
        .map((line) => {
          const [name = '', payloads = ''] = line.split('\t');
          const inner = payloads.split(',').at(-1) ?? '';
          return { name, text: Buffer.from(inner, 'hex').toString() };
        }),
      ({ name }) => name,
    );
    expect(numbers.size).toBe(10);
    const expected = Array.from(
      { length: 1000 },
      (_, at) => `seq ${String(at + 1).padStart(5, '0')}`,
    );
    for (const [name, packets] of numbers)
      expect(
        packets.map(({ text }) => text),
        name,
      ).toEqual(expected);
  });

  it('captures what a busy node delivers late', async () => {
    const file = freshPath('path.pcapng');
    const words = ['capture', '--path', ends.from.name, ends.to.name, '-w', file];
    const capture = traced([...words, '--node-namespace', world.namespace]);
    await capture.reports('capturing');
    const signalRecorders = (signal: string) =>
      Promise.all(
        Object.values(ends).map(({ processes }) =>
          onNode(
            processes,
            `for pid in $(ps ax | awk '/[t]cpdump .*--immediate-mode/ { print $1 }'); do kill -${signal} $pid; done`,
          ),
        ),
      );
    await signalRecorders('STOP');
    await inNetworkOf(
      ends.from.processes,
      `bash -c 'for number in $(seq 20); do printf late >/dev/udp/${ends.to.address}/5001; done'`,
    );
    capture.child.kill('SIGINT');
    await wait(1_500);
    await signalRecorders('CONT');
    const { code, stderr } = await capture.finished;
    expect(code, stderr).toBe(0);
    const filter = ['-Y', 'udp.dstport == 5001 && !icmp', '-d', 'udp.port==8472,vxlan'];
    const { stdout } = await run('tshark', [
      ...['-r', file, '-n', '-T', 'fields', '-e', 'frame.interface_name', ...filter],
    ]);
    const devices = Map.groupBy(stdout.trim().split('\n'), (device) => device);
    expect(devices.size).toBe(10);
    for (const [device, packets] of devices) expect(packets.length, device).toBe(20);
  });

  it.for(FAULTS)('locates: $name', async ({ name, kind, plant, repair }) => {
    await perform(ends, plant(scene));
    const { findings } = await probe(
      ends.from.name,
      ends.to.name,
      '--port',
      '80',
      '--probe',
    ).finally(() => mend(ends, repair(scene)));
    const matching = findings.filter((finding) => finding.kind.startsWith('probe-'));
    expect(matching.map(({ causedBy }) => causedBy)).toContain(kind);
    const last = LAST[name];
    if (last === 'not sent') expect(matching[0]?.kind).toBe('probe-not-sent');
    if (last === undefined || last === 'not sent') return;
    const [end, device] = last;
    const names = { pod: 'eth0', uplink: 'eth0', hostEnd: ends[end].hostEnd };
    expect(matching[0]?.where).toMatchObject({
      node: world.nodes[ends[end].node],
      device: { ...names, bridge: 'cni0', tunnel: 'flannel.1' }[device],
    });
    expect(matching[0]?.where.pod === undefined).toBe(device !== 'pod');
  });
});
