import { Problem } from '../../problem.ts';
import { type KubeApi, sleep } from '../api.ts';
import { mayPass } from '../apiError.ts';
import { podsPath } from '../pod.ts';
import { type WatchOptions, watch } from '../watch.ts';
import { merged } from './merged.ts';
import { type Peer, peerTerms } from './peers.ts';
import { podQuery } from './podQuery.ts';
import { endpointSlicesPath, slicesOf } from './serviceEndpoints.ts';

/** Changes that happen together (a rollout) are read once, after this many milliseconds. */
const SETTLE_MS = 500;
/** Milliseconds before a server that could not be reached is asked again. */
const RETRY_MS = 2_000;

/**
 * The new addresses of peers, as soon as there are any, until the signal ends it. `known` is the result of `peerTerms`.
 * Addresses that peers lose are not reported, because their packets may still be wanted. Needs `watch` of pods, and of
 * endpointslices for services. Ends at once if all peers are addresses or nodes.
 */
export async function* watchPeers(
  api: KubeApi,
  peers: readonly Peer[],
  known: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<readonly string[], void> {
  const end = new AbortController();
  const all = AbortSignal.any([signal, end.signal]);
  const reported = new Set(known);
  try {
    const queries = await Promise.all(peers.map((peer) => watchOf(api, peer, all)));
    const sources = queries.flatMap((query) =>
      query ? [watch(api, { ...query, signal: all })] : [],
    );
    for await (const _change of merged(sources)) {
      await sleep(SETTLE_MS, all);
      const now = (await Promise.all(peers.map((peer) => termsOf(api, peer, all)))).flat();
      const added = now.filter((term) => !reported.has(term));
      for (const term of added) reported.add(term);
      if (added.length > 0) yield added;
    }
  } finally {
    end.abort();
  }
}

/** The current addresses of one peer. Empty for a peer that has no address at the moment, or no longer exists. */
async function termsOf(api: KubeApi, peer: Peer, signal: AbortSignal): Promise<readonly string[]> {
  for (;;)
    try {
      return await peerTerms(api, [peer], signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof Problem)) throw error;
      if (!mayPass(error)) return [];
      await sleep(RETRY_MS, signal);
    }
}

/** The collection to watch for changes of a peer's addresses. Undefined if they cannot change. */
async function watchOf(
  api: KubeApi,
  peer: Peer,
  signal: AbortSignal,
): Promise<Pick<WatchOptions, 'path' | 'query'> | undefined> {
  switch (peer.kind) {
    case 'address':
    case 'network':
    case 'node':
      return undefined;
    case 'pod':
      return {
        path: podsPath(peer.namespace),
        query: { fieldSelector: `metadata.name=${peer.name}` },
      };
    case 'service':
      return {
        path: endpointSlicesPath(peer.namespace),
        query: { labelSelector: slicesOf(peer.name) },
      };
    default: {
      const { path, labelSelector } = await podQuery(api, peer, signal);
      return { path, query: { labelSelector } };
    }
  }
}
