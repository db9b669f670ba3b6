import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { failure, type Reported, traced } from './support/failure.ts';
import { inNetworkOf, processesOf } from './support/nodes.ts';
import { podName, runPod } from './support/pods.ts';
import { eventually } from './support/process.ts';
import { has, needs } from './support/skips.ts';
import { freshPath, kubectl, world } from './support/world.ts';

const [FIRST, SECOND] = world.flavours.map(({ image }) => image);

/** A client that keeps a connection open and sends data on it. */
const CLIENT = [
  'bash',
  '-c',
  'while ! exec 3<>"/dev/tcp/$TO/8080"; do sleep 0.2; done; while echo x >&3; do sleep 0.3; done',
];

/** The port of the clients, that of the proxy, and the expression to use instead. */
const REDIRECTED = /\b8080\b.*\b15006\b.*-- port 8080\b/;
/** How many packets passed the interface. */
const PASSED = /\b[1-9][\d,]* packets? .*\beth0\b/;
/** Both were reported. */
const EXPLAINED = ['unmatched', 'unmatched'];
const unmatched = ({ notices }: Reported) => notices.filter((kind) => kind === 'unmatched');

/** Pods as in a service mesh: connections to port 8080 are redirected to a proxy that listens on 15006. */
describe('a capture without packets', () => {
  beforeEach((test) => needs(test, 'nodes on this machine'));
  let mesh: string;
  let silent: string;
  beforeAll(async () => {
    if (!has('nodes on this machine')) return undefined;
    const [pod, other] = await Promise.all([runPod('mesh'), runPod('silent')]);
    mesh = pod.name;
    silent = other.name;
    const uid = await kubectl(['get', 'pod', mesh, '-o', 'jsonpath={.metadata.uid}']);
    const proxy = await inNetworkOf(
      processesOf(uid),
      `iptables -t nat -A PREROUTING -p tcp --dport 8080 -j REDIRECT --to-ports 15006
      socat tcp-listen:15006,fork,reuseaddr exec:cat >/dev/null 2>&1 & echo $!`,
    );
    await runPod('client', { node: 1, command: CLIENT, env: { TO: pod.ip } });
    const within = (script: string) => inNetworkOf(processesOf(uid), script);
    const isConnected = async () => /ESTAB/.test(await within('ss -Htn sport = :15006'));
    expect(await eventually(isConnected)).toBe(true);
    return () => void process.kill(Number(proxy));
  });

  it.concurrent.for([
    { how: 'text', words: [] },
    { how: 'a file', words: ['-w', '0.pcap'] },
    { how: 'a stream', words: ['--stream', '-w', '0.pcap'] },
  ])('as $how explains a redirection', async ({ words: [...words] }, { onTestFinished }) => {
    if (words.at(-1) === '0.pcap') words.splice(-1, 1, freshPath('0.pcap'));
    for (const image of [FIRST, SECOND]) {
      const rest = ['--image', image ?? '', '--force', '--', 'port 15006'];
      const args = ['capture', mesh, '--duration', '2s', ...words, ...rest];
      const { stderr, ...result } = await failure(args, { onTestFinished });
      expect(result.code, stderr).toBe(0);
      expect(unmatched(result), stderr).toEqual(EXPLAINED);
      expect(stderr).toMatch(/^0 packets/m);
      expect(stderr).toMatch(PASSED);
      expect(stderr).toMatch(REDIRECTED);
    }
  });

  it.concurrent('of several pods explains it for each of them', async ({ onTestFinished }) => {
    const words = ['--duration', '2s', '-w', freshPath('several.pcapng'), '--', 'port 15006'];
    const result = await failure(['capture', mesh, silent, ...words], { onTestFinished });
    expect(result.code, result.stderr).toBe(0);
    expect(result.targetsOf('unmatched'), result.stderr).toEqual([mesh, mesh, silent]);
    expect(result.stderr).toMatch(new RegExp(`^${mesh}: .*${REDIRECTED.source}`, 'm'));
  });

  it.concurrent('reports that no packet passed its interface, and which interface has traffic', async ({
    onTestFinished,
  }) => {
    const words = ['capture', silent, '-i', 'lo', '--', 'port 9999'];
    const capture = traced(words, { onTestFinished });
    await capture.reports('capturing');
    capture.child.kill('SIGINT');
    const { code, stderr } = await capture.finished;
    expect(code, stderr).toBe(0);
    expect(unmatched(capture.reported()), stderr).toEqual(['unmatched']);
    // No number: that would be a count of packets. If there are others, all interfaces are suggested.
    expect(stderr).toMatch(/^[^\d\n]*\blo\b(, .*\b[1-9]\d* packets? .*-i any\b.*)?$/m);
  });

  it.concurrent('as a ring, or detached, explains it in its manifest as well', async ({
    onTestFinished,
  }) => {
    const ours = (...args: string[]) => failure(args, { onTestFinished });
    const name = podName('nothing');
    const filter = ['--', 'port 15006'];
    const [ringFolder, folder] = [freshPath('ring'), freshPath('detached')];
    const started = await ours('capture', mesh, '--detach', '--name', name, ...filter);
    expect(started.code, started.stderr).toBe(0);
    const ring = await ours(
      'capture',
      mesh,
      '-C',
      '1',
      '-w',
      ringFolder,
      '--duration',
      '2s',
      ...filter,
    );
    expect((await ours('captures', 'stop', name)).code).toBe(0);
    const fetched = await ours('captures', 'fetch', name, '-w', folder);
    const followed = await ours('captures', 'follow', name, '-w', freshPath('followed.pcap'));
    for (const { stderr, ...result } of [ring, fetched, followed]) {
      expect(result.code, stderr).toBe(0);
      expect(unmatched(result), stderr).toEqual(EXPLAINED);
      expect(stderr).toMatch(PASSED);
      expect(stderr).toMatch(REDIRECTED);
    }
    for (const made of [ringFolder, folder]) {
      const manifest = JSON.parse(readFileSync(join(made, 'capture.json'), 'utf8'));
      expect(manifest.unmatched).toMatchObject({
        passed: expect.arrayContaining([{ device: 'eth0', packets: expect.any(Number) }]),
        connected: [{ port: 15006, connections: 1, redirectedFrom: [8080] }],
      });
    }
  });
});
