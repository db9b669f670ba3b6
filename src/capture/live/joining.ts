import {
  allOf,
  anyOf,
  type CaptureFilter,
  not,
  test,
} from '../../filters/capture/captureFilter.ts';
import type { KubeApi } from '../../kube/api.ts';
import type { Pod } from '../../kube/pod.ts';
import { merged } from '../../kube/targets/merged.ts';
import type { Target } from '../../kube/targets/parseTargets.ts';
import { hasChangingAddresses, type Peer, withPeerTerms } from '../../kube/targets/peers.ts';
import { watchPeers } from '../../kube/targets/watchPeers.ts';
import { watchTargets } from '../../kube/targets/watchTargets.ts';
import { messageOf } from '../../problem.ts';
import type { Clients } from './clients.ts';

/** What is captured from now on, too: a pod, or, where none is named, other packets of all pods. */
export interface Joining {
  readonly pod?: Pod;
  readonly filter: CaptureFilter;
  /** What the user is told, after the pod's name where there is one. */
  readonly text: string;
}

/**
 * So often new addresses are taken in: each time is one more recorder in every pod, with the kernel's
 * buffer and a connection, and none of them ends before the capture does.
 */
const MAX_TIMES = 8;

/** Where what joins comes from. */
export interface JoiningSources {
  /** Pods of these that come to be. */
  readonly targets?: readonly Target[];
  /** New addresses of these. */
  readonly peers?: readonly Peer[];
  /** Pods that begin to talk to those captured. */
  readonly clients?: Clients;
}

export interface JoiningOptions {
  readonly pods: readonly Pod[];
  /** What `peerTerms` gave for the peers. */
  readonly peerTerms: readonly string[];
  /** The user's own filter, without the peers. */
  readonly ownFilter: CaptureFilter;
  readonly onNote: (text: string) => void;
}

type Change =
  | { readonly pod: Pod; readonly text: string }
  | { readonly peerTerms: readonly string[] };

/**
 * Gives what joins a capture, until the signal. A source that fails is told of in a note, and the others
 * go on; ends when all have.
 */
export async function* joining(
  api: KubeApi,
  { targets, peers = [], clients }: JoiningSources,
  { pods, peerTerms, ownFilter, onNote }: JoiningOptions,
  signal: AbortSignal,
): AsyncGenerator<Joining, void> {
  const untilFailed = async function* (source: AsyncIterable<Change>, failure: string) {
    try {
      yield* source;
    } catch (error) {
      if (!signal.aborted) onNote(`${failure}: ${messageOf(error)}`);
    }
  };
  const sources = [
    ...(targets
      ? [untilFailed(newPods(api, targets, pods, signal), 'new pods will not join any more')]
      : []),
    ...(peers.some(hasChangingAddresses)
      ? [
          untilFailed(
            newTerms(api, peers, peerTerms, signal),
            'new addresses of peers are not captured any more',
          ),
        ]
      : []),
    ...(clients
      ? [untilFailed(clients.found(signal), 'clients will not join the capture any more')]
      : []),
  ];
  let known = peerTerms;
  let times = 0;
  for await (const change of merged(sources)) {
    if ('pod' in change) {
      yield { ...change, filter: withPeerTerms(known, ownFilter) };
    } else {
      const { peerTerms: added } = change;
      times += 1;
      if (times > MAX_TIMES) {
        if (times === MAX_TIMES + 1)
          onNote(
            `note: packets of ${added.join(', ')} are not captured, nor of what --peer stands for later: it has changed ${MAX_TIMES} times; start another capture for them`,
          );
        continue;
      }
      // What both know of is recorded already.
      const only = [ownFilter, anyOf(added.map(test)), not(anyOf(known.map(test)))];
      known = [...known, ...added];
      yield {
        filter: allOf(only),
        text: `packets of ${added.join(', ')} are captured from now on, too: --peer stands for more`,
      };
    }
  }
}

async function* newPods(
  api: KubeApi,
  targets: readonly Target[],
  known: readonly Pod[],
  signal: AbortSignal,
): AsyncGenerator<Change, void> {
  // One that leaves is recorded until it ends, as what it says may be what is looked for.
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
