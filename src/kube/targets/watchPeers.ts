import { Problem } from '../../problem.ts';
import { type KubeApi, sleep } from '../api.ts';
import { podsPath } from '../pod.ts';
import { type WatchOptions, watch } from '../watch.ts';
import { merged } from './merged.ts';
import { type Peer, peerTerms } from './peers.ts';
import { podQuery } from './podQuery.ts';
import { endpointSlicesPath, slicesOf } from './serviceEndpoints.ts';

/** What happens together (a rollout) is read once. Milliseconds. */
const SETTLE_MS = 500;

/**
 * What peers stand for that was not known, each time that there is such, until the signal ends it;
 * `known` is what `peerTerms` gave. Addresses that they lose are not told: packets of theirs may be
 * wanted yet. Needs `watch` of pods, and of endpointslices for services. Ends at once when all peers are
 * addresses or nodes.
 */
export async function* watchPeers(
  api: KubeApi,
  peers: readonly Peer[],
  known: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<readonly string[], void> {
  const end = new AbortController();
  const all = AbortSignal.any([signal, end.signal]);
  const told = new Set(known);
  try {
    const queries = await Promise.all(peers.map((peer) => watchOf(api, peer, all)));
    const sources = queries.flatMap((query) =>
      query ? [watch(api, { ...query, signal: all })] : [],
    );
    for await (const _change of merged(sources)) {
      await sleep(SETTLE_MS, all);
      const now = await peerTerms(api, peers, all).catch((error: unknown) => {
        // A peer without any address for a while.
        if (error instanceof Problem) return [];
        throw error;
      });
      const added = now.filter((term) => !told.has(term));
      for (const term of added) told.add(term);
      if (added.length > 0) yield added;
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
