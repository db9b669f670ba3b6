import { Problem } from '../../problem.ts';
import { type KubeApi, sleep } from '../api.ts';
import { isTransient } from '../apiError.ts';
import { podsPath } from '../pod.ts';
import { type WatchOptions, watch } from '../watch.ts';
import { mergeIterators } from './mergeIterators.ts';
import { type Peer, peerTerms } from './peers.ts';
import { podQuery } from './podQuery.ts';
import { endpointSliceSelector, endpointSlicesPath } from './serviceEndpoints.ts';

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
  const stop = new AbortController();
  const combined = AbortSignal.any([signal, stop.signal]);
  const reported = new Set(known);
  try {
    const queries = await Promise.all(peers.map((peer) => watchOptions(api, peer, combined)));
    const sources = queries.flatMap((query) =>
      query ? [watch(api, { ...query, signal: combined })] : [],
    );
    for await (const _change of mergeIterators(sources)) {
      await sleep(SETTLE_MS, combined);
      const current = (
        await Promise.all(peers.map((peer) => currentTerms(api, peer, combined)))
      ).flat();
      const added = current.filter((term) => !reported.has(term));
      for (const term of added) reported.add(term);
      if (added.length > 0) yield added;
    }
  } finally {
    stop.abort();
  }
}

/** The current addresses of one peer. Empty for a peer that has no address at the moment, or no longer exists. */
async function currentTerms(
  api: KubeApi,
  peer: Peer,
  signal: AbortSignal,
): Promise<readonly string[]> {
  for (;;)
    try {
      return await peerTerms(api, [peer], signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof Problem)) throw error;
      if (!isTransient(error)) return [];
      await sleep(RETRY_MS, signal);
    }
}

/** The collection to watch for changes of a peer's addresses. Undefined if they cannot change. */
async function watchOptions(
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
        query: { labelSelector: endpointSliceSelector(peer.name) },
      };
    default: {
      const { path, labelSelector } = await podQuery(api, peer, signal);
      return { path, query: { labelSelector } };
    }
  }
}
