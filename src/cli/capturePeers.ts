import type { CaptureFilter } from '../filters/capture/captureFilter.ts';
import type { KubeApi } from '../kube/api.ts';
import { peerTerms, withPeerTerms } from '../kube/targets/peers.ts';
import type { Notice } from '../notice.ts';
import type { CapturePlan } from './capturePlan.ts';
import { notify } from './console.ts';
import { filterNotes } from './flags/preset.ts';

/** A plan whose filter selects the current addresses of the peers. */
export interface PlanWithPeers extends CapturePlan {
  /** The result of `peerTerms` for the peers. */
  readonly peerTerms: readonly string[];
  /** The filter without the peers. */
  readonly ownFilter: CaptureFilter;
}

export const FIXED_PEERS_NOTE: Notice = {
  kind: 'addresses-fixed',
  text: 'note: --peer matches only the current addresses; to include addresses added later, write a .pcapng file or a folder, or print text',
};

/** Adds the current addresses of the peers to the filter, and prints the filters of the presets. */
export async function withPeers(
  api: KubeApi,
  plan: CapturePlan,
  signal: AbortSignal,
): Promise<PlanWithPeers> {
  const terms = await peerTerms(api, plan.peers, signal);
  const filter = withPeerTerms(terms, plan.spec.filter);
  for (const line of filterNotes(plan.presets, filter)) notify({ kind: 'filter', text: line });
  return {
    ...plan,
    spec: { ...plan.spec, filter },
    peerTerms: terms,
    ownFilter: plan.spec.filter,
  };
}
