import type { ClusterFacts } from '../model/clusterFacts.ts';
import type { Lease } from '../model/cniFacts.ts';
import type { NodeFacts } from '../model/nodeFacts.ts';
import { endingSandboxes } from './endingSandboxes.ts';

/** The state of a lease, judged by its sandbox. */
export type LeaseState =
  /** The sandbox exists. */
  | 'used'
  /** The sandbox does not exist: the lease is leaked. */
  | 'leaked'
  /** The lease is too new to judge: a starting pod has its lease before its sandbox. */
  | 'starting'
  /** The pod is being deleted: its sandbox ends before the lease is released. */
  | 'ending'
  /** The runtime could not be queried, or the file could not be read. */
  | 'unknown';

/** The longest time between a pod's lease and its sandbox, in seconds. */
const STARTING_S = 60;

/** Judges a node's leases by its runtime, its processes and the API server. */
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
    // Some plugins, such as kindnet, write more than the id into a lease.
    if (alive.has(containerId)) return 'used';
    if (node.runtime === undefined) return 'unknown';
    if (ending.has(containerId)) return 'ending';
    if (modifiedAt !== undefined && now - modifiedAt < STARTING_S) return 'starting';
    return 'leaked';
  };
}
