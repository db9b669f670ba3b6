import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type LocalCluster, startCluster } from './cluster.ts';
import {
  addEphemeral,
  createPod,
  type Outcome,
  podWhen,
  runIn,
  running,
  statusOf,
} from './podsForTests.ts';
import { whyNoClusterHere } from './requirements.ts';

const obstacle = await whyNoClusterHere();
const note = obstacle ? ` (skipped: ${obstacle})` : '';

const netshoot = 'nicolaka/netshoot:v0.14';
const digest = 'sha256:7f08c4aff13ff61a35d30e30c5c1ea8396eac6ab4ce19fd02d5a4b3b5d0d09a2';
const debian = 'registry.local/debian-nettools:12';
const slim = 'registry.local/slim:1';
const slimNettools = 'registry.local/slim-nettools:1';
const onlyNetRaw = {
  runAsUser: 0,
  runAsNonRoot: false,
  capabilities: { drop: ['ALL'], add: ['NET_RAW'] },
};
/** Records the first packet of two pings to the pod's own loopback. */
const capture = `
  ping -c 2 127.0.0.1 >/dev/null 2>&1 &
  timeout 5 tcpdump -i lo -c 1 -w /tmp/packet.pcap 2>&1
  stat -c %u /tmp/packet.pcap`;

describe.skipIf(obstacle)(`the images of the nodes${note}`, () => {
  let cluster: LocalCluster;

  beforeAll(async () => {
    cluster = await startCluster();
    createPod(cluster.store, 'app', {
      nodeName: 'node-a',
      containers: [{ name: 'main', image: 'nginx:1.27' }],
    });
    await running(cluster.store, 'app', 'main');
  });
  afterAll(() => cluster?.close());

  async function inDebugger(name: string, image: string, script: string): Promise<Outcome> {
    const command = ['sh', '-c', 'sleep 1000'];
    addEphemeral(cluster.store, 'app', { name, image, command, securityContext: onlyNetRaw });
    await running(cluster.store, 'app', name);
    return runIn(cluster.runtime, 'app', name, ['sh', '-c', script]);
  }

  test('netshoot captures with only NET_RAW, as on Alpine, and stays root', async () => {
    const { stdout } = await inDebugger('netshoot', netshoot, capture);
    expect(stdout).toContain('1 packet captured');
    expect(stdout).toMatch(/^0$/m);
  });

  test("Debian's tcpdump tries to change its user, and cannot with only NET_RAW", async () => {
    const script = 'timeout 5 tcpdump -i lo -c 1';
    const { stderr, code } = await inDebugger('debian', debian, script);
    expect(stderr).toContain("Couldn't change to 'tcpdump'");
    expect(code).toBe(1);
  });

  test('netshoot is busybox with iproute2, Debian is dash with GNU tools', async () => {
    const script = 'ip -j link; ss -V; tar --version 2>&1 | head -n 1; readlink -f /bin/sh';
    const busybox = await inDebugger('busybox-tools', netshoot, script);
    expect(busybox.stdout).toMatch(/"ifname":"eth0".*iproute2.*busybox.*\/bin\/busybox/s);
    const gnu = await inDebugger('gnu-tools', debian, script);
    expect(gnu.stdout).toMatch(/"ifname":"eth0".*iproute2.*GNU tar.*\/dash/s);
  });

  test('the slim image has tcpdump, but neither ss nor ip', async () => {
    const { stdout } = await inDebugger('slim', slim, 'which tcpdump ss ip');
    expect(stdout.trim()).toBe('/usr/bin/tcpdump');
  });

  test('a larger slim image also has iproute2, but no dumpcap', async () => {
    const script = 'which tcpdump ss ip tar dumpcap tshark';
    const { stdout } = await inDebugger('slim-nettools', slimNettools, script);
    expect(stdout.trim().split('\n')).toEqual([
      '/usr/bin/tcpdump',
      '/sbin/ss',
      '/sbin/ip',
      '/bin/tar',
    ]);
  });

  test.each([
    ['netshoot', netshoot],
    ['debian', debian],
  ])(
    '%s records with dumpcap and only NET_RAW, reads with tshark, and has the other tools',
    async (name, image) => {
      const { stdout, stderr } = await inDebugger(
        `${name}-dumpcap`,
        image,
        `
      (sleep 1; curl -s http://127.0.0.1/ || wget -qO- http://127.0.0.1/) >/dev/null 2>&1 &
      timeout 10 dumpcap -q -i lo -c 2 -w /tmp/one.pcapng 2>&1
      mergecap -F pcap -w /tmp/both.pcap /tmp/one.pcapng /tmp/one.pcapng
      capinfos -TMrc /tmp/both.pcap
      tshark -r /tmp/both.pcap -T fields -e frame.protocols 2>/dev/null | sort -u
      lsns -J -t net -o NS,TYPE | jq -r '.namespaces[0].type'
      iperf3 --version | head -n 1
      nsenter --version`,
      );
      expect(stderr).toBe('');
      expect(stdout).toContain('Packets captured: 2');
      expect(stdout).toMatch(/both.pcap\t4\n/);
      expect(stdout).toMatch(/^eth:ethertype:ip:tcp\nnet\niperf 3.*\nnsenter from util-linux/m);
    },
  );

  test('an image can be specified by digest', async () => {
    const { code } = await inDebugger('by-digest', `${netshoot}@${digest}`, 'true');
    expect(code).toBe(0);
  });

  test('the distroless image runs, and has no shell', async () => {
    addEphemeral(cluster.store, 'app', {
      name: 'distroless',
      image: 'registry.local/distroless:1',
    });
    await running(cluster.store, 'app', 'distroless');
    const { stderr } = await runIn(cluster.runtime, 'app', 'distroless', ['sh']);
    expect(stderr).toContain('executable file not found in $PATH');
  });

  test('the status contains complete image names', async () => {
    const image = await podWhen(cluster.store, 'app', (pod) => statusOf(pod, 'main')?.image);
    expect(image).toBe('docker.io/library/nginx:1.27');
  });

  test('nginx answers every path, and accepts POST requests', async () => {
    const script = `curl -sS http://127.0.0.1/any
      head -c 3000000 /dev/zero | curl -sS --data-binary @- -w '%{http_code}' http://127.0.0.1/`;
    const { stdout } = await runIn(cluster.runtime, 'app', 'main', ['bash', '-c', script]);
    expect(stdout).toBe('ok\nok\n200');
  });
});
