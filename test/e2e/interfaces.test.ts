import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { earlyEndText } from '../../src/capture/earlyEnd.ts';
import { failure, traced } from './support/failure.ts';
import { inNetworkOf, type PodProcesses, processesOf } from './support/nodes.ts';
import { holdsPackets } from './support/packets.ts';
import { podName, runPod } from './support/pods.ts';
import { eventually, run } from './support/process.ts';
import { has, needs } from './support/skips.ts';
import { freshPath, kubectl, namespaced, PROGRAM, world } from './support/world.ts';

/** One with dumpcap, the other with tcpdump only. */
const IMAGES = [
  { engine: 'dumpcap', image: world.flavours[0]?.image ?? '' },
  { engine: 'tcpdump', image: world.oddImages?.noSs ?? world.flavours[1]?.image ?? '' },
];

async function ours(...args: readonly string[]) {
  const [program, ...words] = PROGRAM;
  return run(program, [...words, ...args], {
    env: { KUBECONFIG: namespaced(world.kubeconfig) },
  });
}

/** A pod with a removable interface net1. Both ends of the veth are in the pod. */
async function podWithInterface(purpose: string) {
  const { name, uid } = await runPod(purpose);
  const processes: PodProcesses = processesOf(uid);
  const within = (script: string) => inNetworkOf(processes, script);
  const net = {
    name,
    add: () =>
      within(
        'ip link add net1 type veth peer name net1p && ip link set net1p up && ip addr add 10.77.0.1/24 dev net1 && ip link set net1 up',
      ),
    remove: () => within('ip link del net1'),
    /**
     * Adds another interface with the same name, whose packets have no link header. It is removed with the pod's
     * network at the latest.
     */
    addTunnel: () =>
      within(
        'socat -u TUN:10.77.0.1/24,tun-name=net1,iff-no-pi,iff-up OPEN:/dev/null >/dev/null 2>&1 & echo $!',
      ),
    send: (count: number, to = '10.77.0.255:9,broadcast') =>
      within(`for i in $(seq ${count}); do printf seq | socat -u - udp4-datagram:${to}; done`),
  };
  await net.add();
  return net;
}

/** The number of packets in a file, as counted by tcpdump. */
async function packetsIn(file: string): Promise<number> {
  const { code, stdout, stderr } = await run('tcpdump', ['-n', '-r', file]);
  expect(code, stderr).toBe(0);
  return stdout.split('\n').length - 1;
}

async function listed(name: string) {
  const { stdout } = await ours('captures', '-o', 'json');
  return (JSON.parse(stdout) as { name: string; state: string; reason?: string }[]).find(
    (capture) => capture.name === name,
  );
}

/** The arguments that start a detached capture on the interface. */
function detached(pod: string, image: string, name: string): string[] {
  return ['capture', pod, '-i', 'net1', '--image', image, '--detach', '--name', name];
}

describe('an interface that disappears', () => {
  beforeEach((test) => needs(test, 'nodes on this machine'));
  let other: string;
  beforeAll(async () => {
    if (has('nodes on this machine')) other = (await podWithInterface('stays')).name;
  });

  it.concurrent.for(IMAGES)(
    'is waited for in a foreground capture with $engine',
    async ({ engine, image }, { onTestFinished }) => {
      const pod = await podWithInterface('watched');
      const file = freshPath('net1.pcap');
      const words = ['capture', pod.name, '-i', 'net1', '--image', image, '-w', file];
      const capture = traced([...words, '--', 'udp port 9'], { onTestFinished });
      await capture.reports('capturing');
      await pod.send(3);
      await holdsPackets(file, 3);
      await pod.remove();
      await capture.reports('interface-gone');
      await pod.add();
      await capture.reports('interface-back');
      await pod.send(4);
      await holdsPackets(file, 7);
      await pod.remove();
      await capture.reports('interface-gone', { times: 2 });
      capture.child.kill('SIGINT');
      const { code, stderr } = await capture.finished;
      expect(code, stderr).toBe(1);
      expect(stderr).toMatch(/^7 packets .*net1\.pcap\b/m);
      // When it disappeared, how many packets it had until then, and what continues in such a case.
      for (const packets of [3, 7])
        expect(stderr).toMatch(
          new RegExp(`^net1 .*\\d\\d:\\d\\d:\\d\\d.*\\b${packets} packets.*-i any`, 'm'),
        );
      expect(stderr).toMatch(/^net1 .*\d\d:\d\d:\d\d.*\d\d:\d\d:\d\d/m);
      expect(stderr).toMatch(/net1 .*\d\d:\d\d:\d\d.*\n {2}.*-i any/);
      const { notices, earlyEnds } = capture.reported();
      expect(notices.filter((kind) => kind !== 'waiting')).toEqual([
        ...['capturing', 'interface-gone', 'interface-back', 'interface-gone', 'ended-early'],
      ]);
      expect(earlyEnds).toEqual(['interface-gone']);
      // tcpdump reports the number of packets that it has not read.
      const unknown = earlyEndText({ why: '', lost: null });
      if (engine === 'dumpcap') expect(stderr).toContain(unknown);
      else expect(stderr).not.toContain(unknown);
    },
  );

  it.concurrent('starts another file if it returns with another link type', async ({
    onTestFinished,
  }) => {
    const pod = await podWithInterface('link');
    const [file, merged] = [freshPath('net1.pcap'), freshPath('net1.pcapng')];
    const words = ['-i', 'net1', '--image', IMAGES[1]?.image ?? ''];
    const captures = [
      traced(['capture', pod.name, ...words, '-w', file, '--', 'udp port 9'], { onTestFinished }),
      traced(['capture', pod.name, other, ...words, '-w', merged, '--', 'udp port 9'], {
        onTestFinished,
      }),
    ];
    for (const capture of captures) await capture.reports('capturing');
    await pod.send(3);
    await holdsPackets(file, 3);
    await pod.remove();
    for (const capture of captures) await capture.reports('interface-gone');
    const holder = Number(await pod.addTunnel());
    onTestFinished(() => void process.kill(holder));
    for (const capture of captures) await capture.reports('interface-back');
    await pod.send(4, '10.77.0.7:9');
    await captures[0]?.reports('link-type-changed');
    const second = file.replace('.pcap', '-2.pcap');
    await holdsPackets(second, 4);
    for (const capture of captures) capture.child.kill('SIGINT');
    for (const capture of captures) expect((await capture.finished).code).toBe(0);
    expect(captures[0]?.stderr()).toMatch(/\bRAW\b.*\bEN10MB\b.*net1-2\.pcap/);
    expect([await packetsIn(file), await packetsIn(second)]).toEqual([3, 4]);
    const info = await run('capinfos', ['-M', merged]);
    expect(info.stdout).toMatch(/Raw IP \(4\)/);
    expect(info.stdout).toMatch(/Encapsulation = Ethernet/);
  });

  it.concurrent('ends a capture as text, with the reason', async ({ onTestFinished }) => {
    const pod = await podWithInterface('text');
    const capture = traced(['capture', pod.name, '-i', 'net1', '--image', IMAGES[0]?.image ?? ''], {
      onTestFinished,
    });
    await capture.reports('capturing');
    await pod.remove();
    const { code, stderr } = await capture.finished;
    expect(code, stderr).toBe(1);
    expect(capture.reported().earlyEnds).toEqual(['interface-gone']);
    expect(stderr).toMatch(/net1 .*\d\d:\d\d:\d\d/);
  });

  it.concurrent('ends the recording of one of several pods, and the table shows it', async ({
    onTestFinished,
  }) => {
    const pod = await podWithInterface('several');
    const folder = `${freshPath('several')}/`;
    const words = ['capture', pod.name, other, '-i', 'net1', '--image', IMAGES[0]?.image ?? ''];
    const capture = traced([...words, '-w', folder], { onTestFinished });
    await capture.reports('capturing', { times: 2 });
    await pod.remove();
    await capture.reports('interface-gone', { target: pod.name });
    capture.child.kill('SIGINT');
    const { code, stderr } = await capture.finished;
    expect(code, stderr).toBe(1);
    expect(stderr).toMatch(new RegExp(`^${pod.name} .*net1 `, 'm'));
    expect(capture.reported().earlyEnds).toEqual(['interface-gone']);
    expect(capture.reported().noticesOf(pod.name)).toContain('interface-gone');
    expect(stderr).toMatch(new RegExp(`^${other} .*complete`, 'm'));
  });

  it.concurrent.for(IMAGES)(
    'leaves a gap in a detached capture with $engine, shown in the list and the manifest',
    async ({ engine, image }, { onTestFinished }) => {
      const pod = await podWithInterface('detached');
      const name = podName(`gap-${engine}`);
      const words = detached(pod.name, image, name);
      expect((await ours(...words, '--', 'udp port 9')).code).toBe(0);
      await pod.send(3);
      // Data that is not on disk is lost with the interface.
      await ours('captures', 'fetch', name, '--flush', '-w', freshPath('before'));
      await pod.remove();
      const state = async () => (await listed(name))?.state;
      expect(await eventually(async () => (await state()) === 'Waiting')).toBe(true);
      const { stdout } = await ours('captures');
      expect(stdout).toMatch(new RegExp(`${name} .*Waiting .*net1 .*\\d\\d:\\d\\d`));
      const folder = freshPath(name);
      const fetch = await failure(['captures', 'fetch', name, '--flush', '-w', folder], {
        onTestFinished,
      });
      expect(fetch.code, fetch.stderr).toBe(1);
      expect(fetch.earlyEnds).toEqual(['interface-gone']);
      expect(fetch.stderr).toMatch(/\bnet1 .*\d\d:\d\d:\d\d/);
      await pod.add();
      expect(await eventually(async () => (await state()) === 'Recording')).toBe(true);
      await pod.send(4);
      expect((await ours('captures', 'stop', name)).code).toBe(0);
      const again = await ours('captures', 'fetch', name, '-w', folder);
      expect(again.code, again.stderr).toBe(0);
      expect(again.stderr).toMatch(/\d\d:\d\d:\d\d.*\bnet1\b.*\d\d:\d\d:\d\d/);
      const manifest = JSON.parse(readFileSync(join(folder, 'capture.json'), 'utf8'));
      expect(manifest.interruptions).toEqual([
        {
          at: expect.any(String),
          until: expect.any(String),
          kind: 'interface-gone',
          why: 'net1 disappeared',
          lost: engine === 'dumpcap' ? null : 0,
        },
      ]);
      expect(manifest).not.toHaveProperty('endedEarly');
      const files: { name: string; packets: number }[] = manifest.files;
      expect(files.map(({ packets }) => packets)).toEqual([3, 4]);
      for (const { name: file, packets } of files)
        expect(await packetsIn(join(folder, file))).toBe(packets);
    },
  );

  it.concurrent.for(IMAGES)(
    'is distinguished from a killed $engine, which ends a detached capture early',
    async ({ engine, image }, { onTestFinished }) => {
      const pod = await podWithInterface('killed');
      const name = podName(`killed-${engine}`);
      const words = detached(pod.name, image, name);
      expect((await ours(...words)).code).toBe(0);
      const kill = `for p in /proc/[0-9]*; do read -r c <$p/comm; [ "$c" != ${engine} ] || kill -9 "\${p#/proc/}"; done`;
      await kubectl(['exec', pod.name, '-c', `netdebug-capture-${name}`, '--', 'sh', '-c', kill]);
      const ended = async () => (await listed(name))?.state === 'Ended early';
      expect(await eventually(ended)).toBe(true);
      expect(await listed(name)).toMatchObject({ earlyEnd: 'engine-killed' });
      const folder = freshPath(name);
      const fetch = await failure(['captures', 'fetch', name, '-w', folder], { onTestFinished });
      expect(fetch.code, fetch.stderr).toBe(1);
      expect(fetch.earlyEnds).toEqual(['engine-killed']);
      const manifest = JSON.parse(readFileSync(join(folder, 'capture.json'), 'utf8'));
      expect(manifest.endedEarly).toEqual({
        at: expect.any(String),
        kind: 'engine-killed',
        why: expect.any(String),
      });
    },
  );
});
