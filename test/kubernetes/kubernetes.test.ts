import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, rmdir, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { findLeftovers } from '../cluster/leftovers.ts';
import { ApiClient } from './apiClient.ts';
import { findBinaries } from './binaries.ts';
import { spawnKubernetes, startKubernetesProcess } from './kubernetesProcess.ts';
import { whyNoKubernetesHere } from './requirements.ts';

const binaries = await findBinaries();
const obstacle =
  (await whyNoKubernetesHere(binaries)) ??
  (binaries.areBuilt ? undefined : 'its binaries are not in the cache: scripts/kubernetes build');
const note = obstacle ? ` (skipped: ${obstacle})` : '';
/** From cached binaries to two ready nodes and two running pods, in milliseconds. */
const START_LIMIT = 60_000;
/** The cleaning after a killed process runs in the background. */
const CLEANING_LIMIT = 20_000;

describe.skipIf(obstacle)(`a real Kubernetes${note}`, () => {
  test('starts within a minute, and leaves nothing after its end', async () => {
    const startTime = Date.now();
    const cluster = await startKubernetesProcess();
    expect(Date.now() - startTime).toBeLessThan(START_LIMIT);
    const api = new ApiClient(cluster.kubeconfig);
    const { items } = JSON.parse(await api.call('GET', '/api/v1/pods')) as {
      items: { spec: { nodeName: string }; status: { phase: string } }[];
    };
    api.close();
    expect(items.map(({ spec, status }) => [spec.nodeName, status.phase]).sort()).toEqual([
      ['node-a', 'Running'],
      ['node-b', 'Running'],
    ]);
    await expectTraces(cluster.folder);
    await cluster.end();
    expect(await findLeftovers(cluster.folder)).toEqual([]);
  });

  test('leaves nothing when its process is killed', async () => {
    const cluster = await startKubernetesProcess();
    await expectTraces(cluster.folder);
    await cluster.kill();
    await expectNothingSoon(cluster.folder);
  });

  test('leaves nothing when it is killed while it starts', async () => {
    const TMPDIR = await mkdtemp(join(tmpdir(), 'netdebug-killed-'));
    const child = spawnKubernetes('pipe', { ...process.env, TMPDIR });
    const exited = once(child, 'exit');
    if (!child.stderr) throw new Error('no standard error');
    for await (const line of createInterface(child.stderr))
      if (line.includes('containerd answers')) break;
    const [name = 'no folder'] = await readdir(TMPDIR);
    const folder = join(TMPDIR, name);
    await expectTraces(folder);
    child.kill('SIGKILL');
    await exited;
    await expectNothingSoon(folder);
    await rmdir(TMPDIR);
  });

  test('leaves nothing when a part cannot start, and shows its log', async () => {
    const cache = await mkdtemp(join(tmpdir(), 'netdebug-cache-'));
    const folder = join(cache, 'kubectl-netdebug', 'kubernetes', basename(binaries.folder));
    await mkdir(folder, { recursive: true });
    for (const name of await readdir(binaries.folder))
      await symlink(join(binaries.folder, name), join(folder, name));
    await rm(join(folder, 'kube-apiserver'));
    await writeFile(join(folder, 'kube-apiserver'), '#!/bin/sh\necho broken on purpose\nexit 1\n', {
      mode: 0o755,
    });
    const child = spawnKubernetes('pipe', { ...process.env, XDG_CACHE_HOME: cache, TMPDIR: cache });
    const exited = once(child, 'exit');
    if (!child.stderr) throw new Error('no standard error');
    expect(await text(child.stderr)).toContain('broken on purpose');
    expect((await exited)[0]).toBe(1);
    expect(await readdir(cache)).toEqual(['kubectl-netdebug']);
    await rm(cache, { recursive: true });
  });
});

/** Otherwise a search that finds nothing would prove nothing. */
async function expectTraces(folder: string): Promise<void> {
  const kinds = (await findLeftovers(folder)).map((line) => line.split(' ')[0]);
  expect(new Set(kinds)).toEqual(new Set(['folder', 'link', 'control', 'process']));
}

async function expectNothingSoon(folder: string): Promise<void> {
  const deadline = Date.now() + CLEANING_LIMIT;
  while ((await findLeftovers(folder)).length > 0 && Date.now() < deadline) await delay(100);
  expect(await findLeftovers(folder)).toEqual([]);
}
