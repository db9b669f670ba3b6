import type { ClusterFacts } from '../model/clusterFacts.ts';
import type { Lease } from '../model/cniFacts.ts';
import type { NodeFacts } from '../model/nodeFacts.ts';
import { endingSandboxes } from './endingSandboxes.ts';

/** What is known of the sandbox that a lease is for. */
export type LeaseState =
  /** A sandbox with this id lives. */
  | 'used'
  /** The id is of no sandbox: the lease was left behind. */
  | 'leaked'
  /** Too young to judge: a pod that starts has its lease before its sandbox. */
  | 'starting'
  /** Its pod is being deleted: the sandbox ends before the lease is released. */
  | 'ending'
  /** The runtime could not be asked, or the file could not be read. */
  | 'unknown';

/** Between its lease and its sandbox a pod takes no longer, in seconds. */
const STARTING_S = 60;

/** Judges the leases of a node by what its runtime, its processes and the API server say. */
export function leaseStates(
  { objects }: ClusterFacts,
  node: NodeFacts,
): (lease: Lease) => LeaseState {
  const ending = endingSandboxes(node, objects.pods);
  const alive = new Set([
    ...(node.runtime?.ids ?? []),
    ...node.processes.map(({ containerId }) => containerId),
  ]);
  const now = Date.parse(node.collectedAt) / 1000;
  return ({ containerId, modifiedAt }) => {
    if (containerId === undefined) return 'unknown';
    // kindnet and others write more than the id.
    if (alive.has(containerId)) return 'used';
    if (node.runtime === undefined) return 'unknown';
    if (ending.has(containerId)) return 'ending';
    if (modifiedAt !== undefined && now - modifiedAt < STARTING_S) return 'starting';
    return 'leaked';
  };
}
