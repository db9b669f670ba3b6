import { afterEach, beforeAll, expect, it, vi } from 'vitest';
import type { Pod } from '../../../../src/kube/pod.ts';
import { peerTerms } from '../../../../src/kube/targets/peers.ts';
import { resolveTargets } from '../../../../src/kube/targets/resolveTargets.ts';
import { watchPeers } from '../../../../src/kube/targets/watchPeers.ts';
import { watchTargets } from '../../../../src/kube/targets/watchTargets.ts';
import { localApi, NAMESPACE, peerOf, targetsOf, template } from './localApi.ts';

const local = localApi();
let end = new AbortController();
afterEach(() => {
  end.abort();
  end = new AbortController();
});

beforeAll(async () => {
  await local.create('Deployment', 'web', {
    replicas: 2,
    selector: { matchLabels: { app: 'web' } },
    template: template('web'),
  });
  await local.create('Service', 'web', { selector: { app: 'web' }, ports: [{ port: 80 }] });
  await vi.waitFor(async () => expect(await known('deploy/web')).toHaveLength(2));
});

async function known(...words: string[]): Promise<readonly Pod[]> {
  const { targets } = await resolveTargets(await local.api(), targetsOf(words), { maxPods: 99 });
  return targets.flatMap(({ pod }) => pod ?? []);
}

/** Watches, and returns the changes that were reported until now. */
async function watching(words: string[], pods: readonly Pod[]) {
  const changes: string[] = [];
  const api = await local.api();
  const { signal } = end;
  const done = (async () => {
    for await (const { type, pod } of watchTargets(api, targetsOf(words), {
      known: pods,
      signal,
    }))
      changes.push(`${type} ${pod.metadata.name}`);
  })().catch((error: unknown) => {
    if (!signal.aborted) changes.push(`error ${error}`);
  });
  return { changes, done };
}

const TIME = { interval: 50 };

it('reports pods that join or leave once, even if two targets select them', async () => {
  const before = await known('deploy/web');
  const { changes } = await watching(['deploy/web', 'svc/web'], before);
  await local.patch('Deployment', 'web', { spec: { replicas: 3 } });
  await vi.waitFor(() => expect(changes).toHaveLength(1), TIME);
  expect(changes[0]).toMatch(/^joined web-/);
  await local.server.call(`/api/v1/namespaces/${NAMESPACE}/pods/${before[0]?.metadata.name}`, {
    method: 'DELETE',
  });
  await vi.waitFor(() => expect(changes).toHaveLength(3), TIME);
  expect(changes).toContain(`left ${before[0]?.metadata.name}`);
  expect(changes.filter((change) => change.startsWith('joined'))).toHaveLength(2);
});

it('detects changes during an expired watch', async () => {
  const before = await known('deploy/web');
  const { changes } = await watching(['deploy/web'], before);
  const [removed] = before;
  await vi.waitFor(() => expect(changes).toEqual([]));
  await local.server.call(`/api/v1/namespaces/${NAMESPACE}`, {
    method: 'PATCH',
    contentType: 'application/merge-patch+json',
    body: { metadata: { annotations: { 'netdebug.test/expire-watches': '1' } } },
  });
  await local.server.call(`/api/v1/namespaces/${NAMESPACE}/pods/${removed?.metadata.name}`, {
    method: 'DELETE',
  });
  await vi.waitFor(() => expect(changes).toHaveLength(2), TIME);
  expect([...changes].sort()).toEqual([
    expect.stringMatching(/^joined web-/),
    `left ${removed?.metadata.name}`,
  ]);
});

it('reports a pod that disappeared before the watch, or lost its label', async () => {
  const before = await known('deploy/web');
  const old = { ...before[0], metadata: { ...before[0]?.metadata, name: 'web-old', uid: 'old' } };
  const { changes } = await watching(['deploy/web'], [...before, old as Pod]);
  await vi.waitFor(() => expect(changes).toEqual(['left web-old']), TIME);
  await local.patch('Pod', before[0]?.metadata.name ?? '', {
    metadata: { labels: { app: 'quarantine' } },
  });
  await vi.waitFor(() => expect(changes).toContain(`left ${before[0]?.metadata.name}`), TIME);
});

it('ends at once without groups, and with its signal', async () => {
  const [pod] = await known('deploy/web');
  await (await watching([pod?.metadata.name ?? ''], [])).done;
  const { done } = await watching(['deploy/web'], []);
  end.abort();
  await done;
});

it('yields new addresses of peers, once', async () => {
  const reported: (readonly string[])[] = [];
  const api = await local.api();
  const { signal } = end;
  const peers = [peerOf('svc/web')];
  const known = await peerTerms(api, peers);
  void (async () => {
    for await (const terms of watchPeers(api, peers, known, signal)) reported.push(terms);
  })().catch(() => {});
  await local.patch('Deployment', 'web', { spec: { replicas: 5 } });
  const all = () => [...known, ...reported.flat()];
  await vi.waitFor(() => expect(all()).toHaveLength(6), TIME);
  expect(new Set(all()).size).toBe(6);
});
