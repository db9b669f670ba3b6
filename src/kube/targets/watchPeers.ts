import { Problem } from '../../problem.ts';
import { type KubeApi, sleep } from '../api.ts';
import { podsPath } from '../pod.ts';
import { type WatchOptions, watch } from '../watch.ts';
import { merged } from './merged.ts';
import { type Peer, peerExpression } from './peers.ts';
import { podQuery } from './podQuery.ts';
import { endpointSlicesPath, slicesOf } from './serviceEndpoints.ts';

/** What happens together (a rollout) is read once. Milliseconds. */
const SETTLE_MS = 500;

/**
 * The filter expression of peers, each time it has become another one, until the signal ends it. It does
 * not change what a running recorder records: nobody can; it is for those that are started later, and to
 * tell the user. A peer without any address for a while leaves the expression as it was. Needs `watch`
 * of pods, and of endpointslices for services. Ends at once when all peers are addresses or nodes.
 */
export async function* watchPeers(
  api: KubeApi,
  peers: readonly Peer[],
  signal: AbortSignal,
): AsyncGenerator<string, void> {
  const end = new AbortController();
  const all = AbortSignal.any([signal, end.signal]);
  let told = await peerExpression(api, peers, all);
  try {
    const queries = await Promise.all(peers.map((peer) => watchOf(api, peer, all)));
    const sources = queries.flatMap((query) =>
      query ? [watch(api, { ...query, signal: all })] : [],
    );
    for await (const _change of merged(sources)) {
      await sleep(SETTLE_MS, all);
      const now = await peerExpression(api, peers, all).catch((error: unknown) => {
        if (error instanceof Problem) return told;
        throw error;
      });
      if (now !== told) yield now;
      told = now;
    }
  } finally {
    end.abort();
  }
}

/** What changes when a peer's addresses do; undefined where they stay as they are. */
async function watchOf(
  api: KubeApi,
  peer: Peer,
  signal: AbortSignal,
): Promise<Pick<WatchOptions, 'path' | 'query'> | undefined> {
  const { namespace } = api.access;
  switch (peer.kind) {
    case 'address':
    case 'network':
    case 'node':
      return undefined;
    case 'pod':
      return { path: podsPath(namespace), query: { fieldSelector: `metadata.name=${peer.name}` } };
    case 'service':
      return {
        path: endpointSlicesPath(namespace),
        query: { labelSelector: slicesOf(peer.name) },
      };
    default: {
      const { kind, name } = peer;
      const { path, labelSelector } = await podQuery(api, { kind, name }, signal);
      return { path, query: { labelSelector } };
    }
  }
}
