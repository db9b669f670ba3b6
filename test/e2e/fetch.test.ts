import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { type FetchOptions, fetchSpool } from '../../src/capture/fetch/fetchSpool.ts';
import { PodSpool } from '../../src/capture/fetch/podSpool.ts';
import { recordArguments } from '../../src/capture/spool/recordArguments.ts';
import spoolScript from '../../src/capture/spool/spool.sh';
import { seconds } from '../../src/capture/units.ts';
import { ensureDebugger } from '../../src/debugger/accessLevel.ts';
import { type ContainerRef, LeasedProcess } from '../../src/debugger/leasedProcess.ts';
import { KubeApi } from '../../src/kube/api.ts';
import { authenticate } from '../../src/kube/authentication.ts';
import { chooseContext } from '../../src/kube/kubeconfig.ts';
import { type Pod, podPath } from '../../src/kube/pod.ts';
import { bundled } from '../bench/bundled.ts';
import { paired } from './support/combinations.ts';
import { runPod } from './support/pods.ts';
import { eventually, run } from './support/process.ts';
import { proxyTo } from './support/proxy.ts';
import { type AtEnd, freshPath, kubectl, namespaced, world } from './support/world.ts';

const SPOOL = '/tmp/netdebug-e2e-spool';
/** Sends 3 MB a second until this file exists. */
const ENOUGH = '/tmp/enough';
const FLOOD = [
  'bash',
  '-c',
  `until [ -e ${ENOUGH} ]; do sleep 0.2; dd if=/dev/urandom bs=60000 count=10 >/dev/udp/127.0.0.1/9; done 2>/dev/null; exec sleep 86400`,
];

async function apiOf(kubeconfig: string, atEnd: AtEnd): Promise<KubeApi> {
  const api = new KubeApi(await authenticate(chooseContext({ kubeconfig })));
  atEnd(() => api.close());
  return api;
}

/** A pod whose traffic is recorded into files of 1 MB until the test ends. Some of them are complete. */
async function recordedPod(image: string, atEnd: AtEnd) {
  const api = await apiOf(namespaced(world.kubeconfig), atEnd);
  const { name } = await runPod('fetch', { command: FLOOD });
  const pod = await api.get<Pod>(podPath(world.namespace, name));
  const request = { profile: 'network', image, pullPolicy: 'IfNotPresent', ttl: 600_000 } as const;
  const place = await ensureDebugger(api, pod, request);
  const words = recordArguments(SPOOL, {
    spec: { device: 'lo' },
    ring: { fileKilobytes: 1000, files: 40 },
    keep: seconds(600),
    changesUser: true,
  });
  const program = { script: spoolScript, command: ['record', ...words] };
  const recorder = await LeasedProcess.start(api.access, place, program);
  atEnd(() => recorder.close());
  recorder.stdout.resume();
  recorder.stderr.resume();
  const ring = `ls ${SPOOL}/ring 2>/dev/null | wc -l`;
  expect(await eventually(async () => Number(await inPod(place, ring)) > 7)).toBe(true);
  const endFlood = () => kubectl(['exec', name, '-c', 'main', '--', 'touch', ENOUGH]);
  return { place, podUid: pod.metadata.uid, endFlood };
}

/** Runs a shell command in the container with the spool. */
async function inPod(place: ContainerRef, script: string): Promise<string> {
  return kubectl(['exec', place.pod, '-c', place.container, '--', 'sh', '-c', script]);
}

function options(
  { place, podUid }: { place: ContainerRef; podUid: string },
  folder: string,
  more: Partial<FetchOptions> = {},
): FetchOptions {
  return {
    folder,
    origin: { ...place, capture: 'e2e', target: place.pod, podUid },
    verify: 'sha256',
    streams: 2,
    allowCompression: false,
    signal: new AbortController().signal,
    ...more,
  };
}

describe.concurrent('a fetch', () => {
  it.for(paired([{}]))(
    'over $protocol from the $flavour image, while it is recorded, cut by FIN and by RST',
    async ({ kubeconfig, image }, { expect, onTestFinished }) => {
      const recorded = await recordedPod(image, onTestFinished);
      const { place, podUid } = recorded;
      const proxy = await proxyTo(kubeconfig, onTestFinished);
      const spool = new PodSpool(
        await apiOf(proxy.kubeconfig, onTestFinished),
        place,
        podUid,
        SPOOL,
      );
      const folder = freshPath('fetched');
      const cuts = [() => proxy.fin(), () => proxy.reset(), () => proxy.fin()];
      let next = 500_000;
      let floodEnded: Promise<unknown> | undefined;
      const manifest = await fetchSpool(
        spool,
        options(recorded, folder, {
          onProgress: ({ bytes }) => {
            // Otherwise the ring would remove all of these files on a slow machine.
            floodEnded ??= recorded.endFlood();
            if (bytes < next) return;
            next += 2e6;
            cuts.shift()?.();
          },
        }),
      );
      await floodEnded;
      expect(cuts).toEqual([]);
      expect(manifest.files.length).toBeGreaterThan(6);
      for (const { name = '', state, verified, packets } of manifest.files) {
        // A file that the ring removes during the copy is reported as partial or lost, which is not an error.
        if (state !== 'whole') continue;
        expect(verified).toBe('sha256');
        const { stdout } = await run('capinfos', ['-Mcm', join(folder, name)]);
        expect(stdout).toMatch(new RegExp(`${packets}\\b`));
      }
      // The checksums come from another program, through another client.
      const sums = await inPod(place, `cd ${SPOOL}/ring; sha256sum * || :`);
      const there = manifest.files.filter(({ sha256 }) => sha256 && sums.includes(sha256));
      expect(there.length).toBeGreaterThan(3);
    },
  );

  it('reports when and why the debugger was killed, and keeps what was copied', async ({
    expect,
    onTestFinished,
  }) => {
    const recorded = await recordedPod(world.flavours[0]?.image ?? '', onTestFinished);
    const { place, podUid } = recorded;
    const api = await apiOf(namespaced(world.kubeconfig), onTestFinished);
    const folder = freshPath('killed');
    let killed = false;
    const failure = fetchSpool(
      new PodSpool(api, place, podUid, SPOOL),
      options(recorded, folder, {
        verify: 'size+walk',
        streams: 1,
        onProgress: ({ bytes }) => {
          if (killed || bytes < 2e6) return;
          killed = true;
          void inPod(place, 'kill -TERM 1').catch(() => {});
        },
      }),
    ).then(
      // It may be faster.
      () => undefined,
      (error: unknown) => error,
    );
    const error = await failure;
    if (error !== undefined)
      expect(error).toMatchObject({
        kind: 'lost',
        message: expect.stringMatching(/\d{4}-\d\d-\d\dT/),
      });
    expect(readdirSync(folder).some((name) => name.endsWith('.part'))).toBe(false);
  });

  it('killed at five random moments results in identical files', async ({
    expect,
    onTestFinished,
  }) => {
    const api = await apiOf(namespaced(world.kubeconfig), onTestFinished);
    const image = world.flavours.at(-1)?.image ?? '';
    const { name } = await runPod('killed', { image, command: ['sleep', '600'] });
    const { metadata } = await api.get<Pod>(podPath(world.namespace, name));
    const make = readFileSync(join(import.meta.dirname, '..', 'bench', 'makeSpool.sh'), 'utf8');
    const header =
      '\\324\\303\\262\\241\\002\\000\\004\\000\\000\\000\\000\\000\\000\\000\\000\\000';
    const rest = '\\000\\000\\004\\000\\001\\000\\000\\000';
    const record =
      '\\174\\213\\005\\153\\001\\000\\000\\000\\000\\047\\000\\000\\000\\047\\000\\000';
    const sizes = ['10', '10', header + rest, record, '9984'];
    await kubectl(['exec', name, '--', 'sh', '-c', make, 'makeSpool', SPOOL, ...sizes]);

    const folder = freshPath('five');
    const scratch = freshPath('bundle');
    mkdirSync(scratch);
    const [program, ...words] = await bundled('fetchReader', scratch);
    const here = () =>
      existsSync(folder)
        ? readdirSync(folder)
            .filter((file) => file.startsWith('bench-'))
            .reduce(
              (sum, file) =>
                sum + (statSync(join(folder, file), { throwIfNoEntry: false })?.size ?? 0),
              0,
            )
        : 0;
    const moments = Array.from({ length: 5 }, () => Math.random() * 95e6).sort((a, b) => a - b);
    for (const moment of moments) {
      const before = here();
      const child = spawn(program, [...words, name, 'main', SPOOL, folder, 'sha256'], {
        stdio: ['ignore', 'ignore', 'inherit'],
        env: { ...process.env, KUBECONFIG: namespaced(world.kubeconfig) },
      });
      const ended = once(child, 'exit');
      while (child.exitCode === null && here() < moment) await wait(5);
      child.kill('SIGKILL');
      await ended;
      // Never starts again from the beginning: existing files are kept.
      expect(here()).toBeGreaterThanOrEqual(before);
    }
    const place = { namespace: world.namespace, pod: name, container: 'main' };
    const recorded = { place, podUid: metadata.uid };
    const { files } = await fetchSpool(new PodSpool(api, place, metadata.uid, SPOOL), {
      ...options(recorded, folder),
      origin: { ...place, capture: 'bench', target: name, podUid: metadata.uid },
    });
    expect(files.map(({ state }) => state)).toEqual(Array(10).fill('whole'));
    const sums = await kubectl(['exec', name, '--', 'sh', '-c', `cd ${SPOOL}/ring; sha256sum *`]);
    const local = await run(
      'sha256sum',
      files.map((file) => join(folder, file.name ?? '')),
    );
    const digests = (text: string) =>
      text
        .trim()
        .split('\n')
        .map((line) => line.slice(0, 64));
    expect(digests(local.stdout)).toEqual(digests(sums));
  });
});
