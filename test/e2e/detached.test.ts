import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { killSandbox } from './support/disturb.ts';
import { failure, traced } from './support/failure.ts';
import { expectNoGap, holdsPackets } from './support/packets.ts';
import { CHATTER, podName, runPod } from './support/pods.ts';
import { eventually, run } from './support/process.ts';
import { leftWorking, working } from './support/processes.ts';
import { proxyTo } from './support/proxy.ts';
import { recordsDatagrams, watchRing } from './support/recorders.ts';
import { freshPath, kubectl, namespaced, netdebug, PROGRAM, world } from './support/world.ts';

/** One with dumpcap, the other with tcpdump only. */
const IMAGES = world.oddImages
  ? [
      { name: 'dumpcap', image: world.flavours[0]?.image ?? '' },
      { name: 'tcpdump', image: world.oddImages.noSs },
    ]
  : world.flavours;
const IMAGE = world.flavours[0]?.image ?? '';

let sink: string;
beforeAll(async () => {
  sink = (await runPod('sink', { node: 1 })).ip;
});

/** Runs netdebug to its end. */
async function ours(args: readonly string[], kubeconfig = world.kubeconfig) {
  const [program, ...words] = PROGRAM;
  const env = { KUBECONFIG: namespaced(kubeconfig) };
  return run(program, [...words, ...args], { env });
}

async function succeeds(args: readonly string[], kubeconfig = world.kubeconfig): Promise<string> {
  const { code, stdout, stderr } = await ours(args, kubeconfig);
  expect(code, `${args.join(' ')}: ${stderr}`).toBe(0);
  return stdout;
}

/** A pod that sends numbered datagrams, and a detached capture of them with a unique name. */
async function detachedCapture(purpose: string, image: string, flags: readonly string[] = []) {
  const name = podName(purpose);
  const pod = await runPod(purpose, { command: CHATTER, env: { TO: sink } });
  const args = ['capture', pod.name, '--detach', '--name', name, '--image', image, ...flags];
  expect((await succeeds([...args, '--', 'udp port 9'])).trim()).toBe(name);
  return { pod: pod.name, name };
}

/** The listed state of a capture, which may have been removed. */
async function stateOf(capture: string): Promise<{ state?: string; reason?: string }> {
  const all = JSON.parse(await succeeds(['captures', 'list', '--all', '-o', 'json']));
  return all.find(({ name }: { name: string }) => name === capture) ?? {};
}

/** A row of the list of captures for a user. On a busy machine, its recorder may not answer in time at first. */
async function listed(capture: string, kubeconfig: string): Promise<object | undefined> {
  let row: { readonly name: string; readonly state: string } | undefined;
  await eventually(async () => {
    const rows: (typeof row)[] = JSON.parse(await succeeds(['captures', '-o', 'json'], kubeconfig));
    row = rows.find((one) => one?.name === capture);
    return row?.state !== 'Unreachable';
  });
  return row;
}

/** Sends a datagram with a text from a pod. */
async function send(pod: string, text: string): Promise<void> {
  await kubectl(['exec', pod, '--', 'bash', '-c', 'printf %s "$1" >"/dev/udp/$0/9"', sink, text]);
}

/** The exit code of a capture's container, once it has ended. */
async function exitCode(pod: string, capture: string): Promise<number> {
  const status = `.status.ephemeralContainerStatuses[?(@.name=="netdebug-capture-${capture}")]`;
  const path = `jsonpath={${status}.state.terminated.exitCode}`;
  return Number.parseInt(await kubectl(['get', 'pod', pod, '-o', path]), 10);
}

describe('a detached capture', () => {
  it.concurrent.for(IMAGES)(
    'with $name is listed, fetched while it records, stopped and removed by another user',
    async ({ name: engine, image }, { onTestFinished }) => {
      // It keeps more than is recorded between a fetch and the stop, even on a slow machine.
      const ring = ['-G', '2', '-W', '60', '-C', '1'];
      const { pod, name } = await detachedCapture(`rare-${engine}`, image, ring);
      const second = world.users.debugger ?? world.kubeconfig;
      expect(await listed(name, second)).toMatchObject({
        ...{ name, pod, state: 'Recording', device: 'eth0' },
        filter: 'udp port 9',
        ring: { files: 60, fileBytes: 1_000_000, ageSeconds: 2 },
      });
      const folder = freshPath(name);
      const fetch = ['captures', 'fetch', name, '-w', folder];
      const hasFetched = async () => {
        await succeeds(fetch, second);
        return packetFiles(folder).length > 0;
      };
      expect(await eventually(hasFetched)).toBe(true);
      const early = packetFiles(folder);
      await succeeds(['captures', 'stop', name], second);
      expect(await listed(name, second)).toMatchObject({ state: 'Ended', reason: 'stopped' });
      // The command that lists captures, perhaps for another test, also runs there for a moment.
      expect(await leftWorking(pod, `netdebug-capture-${name}`)).toEqual([]);

      await succeeds(fetch, second);
      const files = packetFiles(folder);
      expect(files.length).toBeGreaterThan(early.length);
      const numbers = (await Promise.all(files.map(sequenceNumbers))).flat();
      expectNoGap(numbers);
      for (const file of files) {
        expect(file).toMatch(/rare-[-a-z\d]+-\d{4}-\d{8}T\d{6}Z\.pcap$/);
        expect(statSync(file).mode & 0o777).toBe(0o600);
        const infos = await run('capinfos', ['-c', '-M', file]);
        expect(infos.code, infos.stderr).toBe(0);
      }
      const manifest = JSON.parse(readFileSync(join(folder, 'capture.json'), 'utf8'));
      expect(manifest).toMatchObject({ capture: name, pod, recording: false, why: 'stopped' });
      const saved = manifest.files.filter(({ name }: { name?: string }) => name);
      // On a slow machine, the ring may remove a file that is half copied.
      const whole = saved.filter(({ state }: { state: string }) => state === 'whole');
      expect(whole.length).toBeGreaterThan(1);
      expect(whole.every((file: { sha256?: string }) => file.sha256)).toBe(true);
      const counted = await run('capinfos', ['-c', '-M', '-T', '-r', ...files]);
      const packets = counted.stdout.split('\n').map((line) => Number(line.split('\t')[1] ?? 0));
      expect(packets.slice(0, files.length)).toEqual(
        saved.map((file: { packets: number }) => file.packets),
      );

      await succeeds(['captures', 'rm', name], second);
      expect(await exitCode(pod, name)).toBe(93);
      expect(await succeeds(['captures', '-o', 'name'], second)).not.toContain(name);
      const unavailable = await failure(['captures', 'fetch', name, '-w', freshPath('gone')], {
        env: { KUBECONFIG: namespaced(second) },
        onTestFinished,
      });
      expect(unavailable).toMatchObject({ code: 1, kinds: ['lost'] });
    },
  );

  it.concurrent('is followed from its oldest packet, and continues when following ends', async ({
    onTestFinished,
  }) => {
    const { pod, name } = await detachedCapture('along', IMAGE);
    const file = freshPath('along.pcap');
    await send(pod, 'before following');
    const follow = traced(['captures', 'follow', name, '-w', file], { onTestFinished });
    await follow.reports('capturing');
    await holdsPackets(file, 42);
    follow.child.kill('SIGINT');
    const { code, stderr } = await follow.finished;
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(new RegExp(`"${name}".*\\beth0\\b`));
    const numbers = await sequenceNumbers(file);
    expect(readFileSync(file).includes('before following')).toBe(true);
    expectNoGap(numbers);
    expect(numbers.length).toBeGreaterThan(40);
    expect(await working(pod, `netdebug-capture-${name}`)).not.toEqual([]);
    await succeeds(['captures', 'rm', name]);
  });

  it.concurrent('ends by itself after --duration, and keeps its files', async () => {
    const { pod, name } = await detachedCapture('short', IMAGE, ['--duration', '2s']);
    const ended = async () => (await stateOf(name)).reason === 'duration';
    expect(await eventually(ended)).toBe(true);
    await succeeds(['captures', 'rm', name]);
    expect(await exitCode(pod, name)).toBe(93);
  });

  it.concurrent('is removed when the time of --keep is over', async () => {
    // Long enough for the command that starts it to see that it has recorded, even on a busy machine.
    const bounds = ['--duration', '1s', '--keep', '15s'];
    const { pod, name } = await detachedCapture('kept', IMAGE, bounds);
    expect(await eventually(async () => (await exitCode(pod, name)) === 93)).toBe(true);
    expect((await stateOf(name)).state).toBe('Removed');
  });

  it.concurrent('rejects unsupported options, and leaves nothing running', async ({
    onTestFinished,
  }) => {
    const pod = await runPod('wrong');
    const capture = ['capture', pod.name, '--detach', '--image', IMAGE];
    const options = { onTestFinished };
    const named = [...capture, '--name', 'wrong'];
    const expression = await failure([...named, '--', 'port eighty'], options);
    expect(expression.code, expression.stderr).toBe(2);
    expect(expression.kinds).toEqual(['usage']);
    const device = await failure([...capture, '-i', 'eth9'], options);
    expect(device.code, device.stderr).toBe(2);
    expect(device.kinds).toEqual(['not-found']);
    const again = await failure(named, options);
    expect(again.kinds).toEqual(['exists']);
    for (const flags of [
      ['-w', 'x'],
      ['--name', 'Not_A_Name'],
      ['--volume', 'none'],
    ])
      expect((await ours([...capture, ...flags])).code).toBe(2);
    expect(await succeeds(['captures', '-o', 'name'])).not.toContain(pod.name);
  });

  it.concurrent('is lost with its container, and reports that; on a volume it is not lost', async ({
    onTestFinished,
  }) => {
    const volumes = [{ name: 'scratch', emptyDir: {} }];
    const pod = await runPod('lost', {
      command: CHATTER,
      env: { TO: sink },
      spec: { volumes },
      container: { volumeMounts: [{ name: 'scratch', mountPath: '/scratch' }] },
    });
    const capture = ['capture', pod.name, '--detach', '--image', IMAGE];
    await succeeds([...capture, '--name', 'in-container']);
    await succeeds([...capture, '--name', 'on-volume', '--volume', 'scratch', '--', 'udp port 9']);
    await recordsDatagrams(pod.name, 'on-volume', 30);
    await killSandbox(pod.name);
    const states = async () => {
      const lines = (await succeeds(['captures', '-o', 'wide'])).split('\n');
      return lines.filter((line) => line.includes(` ${pod.name} `)).join('\n');
    };
    const lost = async () => ((await states()).match(/Lost/g) ?? []).length === 2;
    expect(await eventually(lost), await states()).toBe(true);

    const unavailable = await failure(
      ['captures', 'fetch', `${pod.name}/in-container`, '-w', freshPath('in')],
      { onTestFinished },
    );
    expect(unavailable.code).toBe(1);
    expect(unavailable.kinds).toEqual(['lost']);
    expect(unavailable.stderr).toMatch(/ \d{4}-\d\d-\d\dT/);
    const running = async () =>
      (
        await kubectl([
          'get',
          'pod',
          pod.name,
          '-o',
          'jsonpath={.status.containerStatuses[0].state}',
        ])
      ).includes('running');
    expect(await eventually(running)).toBe(true);
    const folder = freshPath('volume');
    // Everything available is copied, but less was recorded than requested.
    const fetched = await failure(['captures', 'fetch', `${pod.name}/on-volume`, '-w', folder], {
      onTestFinished,
    });
    expect(fetched.code, fetched.stderr).toBe(1);
    expect(fetched.earlyEnds).toHaveLength(1);
    const numbers = (await Promise.all(packetFiles(folder).map(sequenceNumbers))).flat();
    expect(numbers.length).toBeGreaterThan(20);
    const manifest = JSON.parse(readFileSync(join(folder, 'capture.json'), 'utf8'));
    expect(manifest.interruptions.length).toBeGreaterThan(0);
    expect(manifest.endedEarly).toEqual(manifest.interruptions.at(-1));
    await succeeds(['captures', 'rm', `${pod.name}/on-volume`]);
  });

  it.concurrent.for(IMAGES)(
    'with $name whose container a kubelet ends is lost, not removed, and is fetched from its volume',
    async ({ name: engine, image }, { onTestFinished }) => {
      const pod = await runPod('ended', {
        command: CHATTER,
        env: { TO: sink },
        spec: { volumes: [{ name: 'scratch', emptyDir: {} }] },
      });
      const name = podName(`ended-${engine}`);
      const flags = ['--detach', '--name', name, '--volume', 'scratch', '--image', image];
      await succeeds(['capture', pod.name, ...flags, '--', 'udp port 9']);
      await recordsDatagrams(pod.name, name, 30);
      // What a kubelet does with the containers of a lost sandbox.
      const container = `netdebug-capture-${name}`;
      await kubectl(['exec', pod.name, '-c', container, '--', 'sh', '-c', 'kill -TERM 1']);
      const lost = async () => {
        const lines = (await succeeds(['captures', '-o', 'wide'])).split('\n');
        return lines.some((line) => line.includes(name) && line.includes('Lost'));
      };
      expect(await eventually(lost)).toBe(true);
      const folder = freshPath('ended');
      const fetched = await failure(['captures', 'fetch', name, '-w', folder], { onTestFinished });
      expect(fetched.code, fetched.stderr).toBe(1);
      expect(fetched.earlyEnds).toEqual(['container-ended']);
      expect(fetched.stderr).toMatch(/ \d\d:\d\d/);
      const manifest = JSON.parse(readFileSync(join(folder, 'capture.json'), 'utf8'));
      const early = { kind: 'container-ended', at: expect.any(String) };
      expect(manifest).toMatchObject({ why: 'ended', endedEarly: early });
      expect(manifest.interruptions).toEqual([manifest.endedEarly]);
      const numbers = (await Promise.all(packetFiles(folder).map(sequenceNumbers))).flat();
      expect(numbers.length).toBeGreaterThan(20);
      await succeeds(['captures', 'rm', name]);
    },
  );

  it.concurrent('is fetched despite interruptions, and a killed fetch resumes where it stopped', async ({
    onTestFinished,
  }) => {
    const { pod, name: large } = await detachedCapture('large', IMAGE, ['-C', '4']);
    const proxy = await proxyTo(world.kubeconfig, onTestFinished);
    const script = `payload=$(printf '%01400d' 7)
        for ((i = 0; i < 9000; i++)); do printf %s "$payload" >"/dev/udp/$0/9"; done`;
    await kubectl(['exec', pod, '--', 'bash', '-c', script, sink]);
    await succeeds(['captures', 'stop', large]);
    const folder = freshPath('large');
    // More than the answers before the copies, and less than a file.
    const IN_THE_MIDDLE = 1_000_000;
    for (const end of ['SIGKILL', 'fin', 'reset'] as const) {
      const fetch = netdebug(['captures', 'fetch', large, '-w', folder], {
        env: { KUBECONFIG: proxy.kubeconfig },
        onTestFinished,
      });
      await Promise.race([proxy.received(IN_THE_MIDDLE), fetch.finished]);
      if (end === 'SIGKILL') fetch.child.kill(end);
      else proxy[end]();
      const { code, stderr } = await fetch.finished;
      if (end !== 'SIGKILL') expect(code, stderr).toBe(0);
    }
    const whole = freshPath('whole');
    await succeeds(['captures', 'fetch', large, '-w', whole]);
    const names = readdirSync(whole).filter((name) => name.endsWith('.pcap'));
    expect(names.length).toBeGreaterThan(2);
    for (const name of names)
      expect(readFileSync(join(folder, name)).equals(readFileSync(join(whole, name)))).toBe(true);
    await succeeds(['captures', 'rm', large]);
  });
});

describe('a ring of files in the foreground', () => {
  it.concurrent.for(IMAGES)(
    'with $name keeps the newest files, and copies them at the end',
    async ({ image }, { onTestFinished }) => {
      const pod = await runPod('ring', { command: CHATTER, env: { TO: sink } });
      const folder = freshPath('ring');
      const ring = traced(
        [
          'capture',
          pod.name,
          '-G',
          '2',
          '-C',
          '1',
          '-W',
          '3',
          '-w',
          folder,
          '--image',
          image,
          '--',
          'udp port 9',
        ],
        { onTestFinished },
      );
      await ring.reports('capturing');
      await send(pod.name, 'in the first file');
      await (await watchRing(pod.name)).turned();
      ring.child.kill('SIGINT');
      const { code, stderr } = await ring.finished;
      expect(code, stderr).toBe(0);
      // -G 2 means seconds, as in tcpdump.
      expect(ring.reported().notices).toContain('hint');
      expect(stderr).toMatch(/\beth0\b.*\b3 files.*\b1\.0 MB/);
      const files = packetFiles(folder);
      expect(files).toHaveLength(3);
      const numbers = (await Promise.all(files.map(sequenceNumbers))).flat();
      expectNoGap(numbers);
      // The oldest files are gone, the newest were copied.
      for (const file of files)
        expect(readFileSync(file).includes('in the first file')).toBe(false);
      const left = async () =>
        kubectl(['exec', pod.name, '-c', 'netdebug-network', '--', 'ls', '/']);
      expect(await left()).not.toContain('netdebug-');
      expect(await leftWorking(pod.name)).toEqual([]);
    },
  );

  it.concurrent('is refused if the pod has no space for it', async ({ onTestFinished }) => {
    const pod = await runPod('limited', limited('64Mi'));
    const args = ['capture', pod.name, '--image', IMAGE, '-w', freshPath('limited')];
    const refused = await failure([...args, '-C', '100', '-W', '10'], { onTestFinished });
    expect(refused.code).toBe(1);
    expect(refused.kinds).toEqual(['no-room']);
    const [, size = '', files = ''] = /-C (\S+) -W (\d+)/.exec(refused.stderr) ?? [];
    const ring = netdebug([...args, '-C', size, '-W', files, '--duration', '1s'], {
      onTestFinished,
    });
    const { code, stderr } = await ring.finished;
    expect(code, stderr).toBe(0);
  });

  it.concurrent('and all others together never exceed the limit of a pod', async ({
    onTestFinished,
  }) => {
    const pod = await runPod('crowded', limited('64Mi'));
    const flood = `payload=$(printf '%01400d' 7); for ((i = 0; i < 12000; i++)); do printf %s "$payload" >"/dev/udp/$0/9"; done`;
    const all = [
      ['--detach', '--name', 'one'],
      ['--detach', '--name', 'two'],
      ['--detach', '--name', 'three', '-C', '4'],
      ...Array.from({ length: 3 }, () => ['-w', freshPath('crowd.pcap')]),
    ].map((flags) => traced(['capture', pod.name, '--image', IMAGE, ...flags], { onTestFinished }));
    // Each of them records, or has ended because there is no space.
    for (const listed of all) {
      const isDecided = () =>
        listed.reported().notices.includes('capturing') || listed.child.exitCode !== null;
      expect(await eventually(isDecided), listed.stderr()).toBe(true);
    }
    await kubectl(['exec', pod.name, '--', 'bash', '-c', flood, sink]);
    const debuggers = (
      await kubectl(['get', 'pod', pod.name, '-o', 'jsonpath={.spec.ephemeralContainers[*].name}'])
    ).split(' ');
    const kilobytes = async () => {
      let sum = 0;
      for (const name of debuggers) {
        const used = await run(
          world.kubectl,
          [
            '-n',
            world.namespace,
            'exec',
            pod.name,
            '-c',
            name,
            '--',
            'sh',
            '-c',
            'du -sk /netdebug-* | cut -f1',
          ],
          { env: { KUBECONFIG: world.kubeconfig } },
        );
        for (const line of used.stdout.split('\n')) sum += Number(line);
      }
      return sum;
    };
    expect(await eventually(async () => (await kilobytes()) > 4_000)).toBe(true);
    expect(await kilobytes()).toBeLessThan(32 * 1024);
    const phase = await kubectl(['get', 'pod', pod.name, '-o', 'jsonpath={.status.phase}']);
    expect(phase).toBe('Running');
    for (const { child } of all) child.kill('SIGINT');
    await Promise.all(all.map(({ finished }) => finished));
  });
});

function limited(storage: string) {
  return { container: { resources: { limits: { 'ephemeral-storage': storage } } } };
}

/** The recorded files in a folder, in order. */
function packetFiles(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => /\.pcap$/.test(name))
    .sort()
    .map((name) => join(folder, name));
}

/** The sequence numbers of the chatter, as tcpdump reads them. */
async function sequenceNumbers(file: string): Promise<number[]> {
  const read = await run('tcpdump', ['-n', '-A', '-r', file]);
  expect(read.code, read.stderr).toBe(0);
  return [...read.stdout.matchAll(/seq-(\d{6})/g)].map(([, digits]) => Number(digits));
}
