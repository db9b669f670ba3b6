import {
  allOf,
  anyOf,
  type CaptureFilter,
  not,
  test,
} from '../../filters/capture/captureFilter.ts';
import type { KubeApi } from '../../kube/api.ts';
import type { Pod } from '../../kube/pod.ts';
import { mergeIterators } from '../../kube/targets/mergeIterators.ts';
import type { Target } from '../../kube/targets/parseTargets.ts';
import { hasChangingAddresses, type Peer, withPeerTerms } from '../../kube/targets/peers.ts';
import { watchPeers } from '../../kube/targets/watchPeers.ts';
import { watchTargets } from '../../kube/targets/watchTargets.ts';
import type { Notice } from '../../notice.ts';
import { messageOf } from '../../problem.ts';
import type { Clients } from './clients.ts';

/** An addition to a running capture: a pod or, without `pod`, more packets of all captured targets. */
export interface Addition {
  readonly pod?: Pod;
  readonly filter: CaptureFilter;
  /** The note for the user, shown after the pod's name if there is one. */
  readonly text: string;
}

/**
 * How many times new addresses are added. Each time, every target needs another recorder, with a kernel buffer and a
 * connection, until the capture ends.
 */
const MAX_ADDRESS_CHANGES = 8;

/** The sources of additions. */
export interface AdditionSources {
  /** Adds new pods of these targets. */
  readonly targets?: readonly Target[];
  /** Adds new addresses of these peers. */
  readonly peers?: readonly Peer[];
  /** Adds pods that connect to captured ones. */
  readonly clients?: Clients;
}

export interface AdditionOptions {
  readonly pods: readonly Pod[];
  /** The result of `peerTerms` for the peers. */
  readonly peerTerms: readonly string[];
  /** The user's own filter, without the terms for peers. */
  readonly ownFilter: CaptureFilter;
  readonly onNote: (notice: Notice) => void;
}

type Change =
  | { readonly pod: Pod; readonly text: string }
  | { readonly peerTerms: readonly string[] };

/**
 * Yields additions to a capture until the signal. A failed source causes a note and does not affect the others. Ends
 * when all sources have ended.
 */
export async function* watchAdditions(
  api: KubeApi,
  { targets, peers = [], clients }: AdditionSources,
  { pods, peerTerms, ownFilter, onNote }: AdditionOptions,
  signal: AbortSignal,
): AsyncGenerator<Addition, void> {
  const noteFailure = async function* (source: AsyncIterable<Change>, failure: string) {
    try {
      yield* source;
    } catch (error) {
      if (!signal.aborted)
        onNote({ kind: 'joining-ended', text: `${failure}: ${messageOf(error)}` });
    }
  };
  const sources = [
    ...(targets
      ? [noteFailure(newPods(api, targets, pods, signal), 'new pods will not join')]
      : []),
    ...(peers.some(hasChangingAddresses)
      ? [
          noteFailure(
            newTerms(api, peers, peerTerms, signal),
            'new addresses of peers will not be captured',
          ),
        ]
      : []),
    ...(clients ? [noteFailure(clients.find(signal), 'new clients will not join')] : []),
  ];
  let known = peerTerms;
  let changeCount = 0;
  for await (const change of mergeIterators(sources)) {
    if ('pod' in change) {
      yield { ...change, filter: withPeerTerms(known, ownFilter) };
    } else {
      const { peerTerms: added } = change;
      changeCount += 1;
      if (changeCount > MAX_ADDRESS_CHANGES) {
        if (changeCount === MAX_ADDRESS_CHANGES + 1)
          onNote({
            kind: 'addresses-fixed',
            text: `note: packets of ${termsText(added)} and of later addresses of --peer are not captured, because the addresses have changed ${MAX_ADDRESS_CHANGES} times; start another capture for them`,
          });
        continue;
      }
      // Packets between known and new addresses are already recorded.
      const newPackets = [ownFilter, anyOf(added.map(test)), not(anyOf(known.map(test)))];
      known = [...known, ...added];
      yield {
        filter: allOf(newPackets),
        text: `packets of ${termsText(added)} are now captured too: new addresses of --peer`,
      };
    }
  }
}

/** A service may have a thousand addresses. */
const MAX_SHOWN_TERMS = 10;

function termsText(terms: readonly string[]): string {
  const more = terms.length - MAX_SHOWN_TERMS;
  return `${terms.slice(0, MAX_SHOWN_TERMS).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

async function* newPods(
  api: KubeApi,
  targets: readonly Target[],
  known: readonly Pod[],
  signal: AbortSignal,
): AsyncGenerator<Change, void> {
  // A pod that no longer matches is recorded until it ends, because its last packets may be the interesting ones.
  for await (const { type, pod } of watchTargets(api, targets, { known, signal }))
    if (type === 'joined') yield { pod, text: 'joins the capture' };
}

async function* newTerms(
  api: KubeApi,
  peers: readonly Peer[],
  known: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<Change, void> {
  for await (const peerTerms of watchPeers(api, peers, known, signal)) yield { peerTerms };
}
