import type { Fault } from '../trace/oneWayPath.ts';
import { KINDS } from './catalogue.ts';
import type { NetworkFinding } from './finding.ts';

/** Kinds that only affect some packets, so that other tables show no effect of them. */
const WITHOUT_CONSEQUENCES = new Set([
  'mtu-mismatch',
  'checksum-offload',
  'loopback-down',
  'two-iptables-backends',
]);

const SERVICE_WITHOUT_ENDPOINTS = new Set(['service-no-endpoints', 'service-no-local-endpoints']);

/** A finding and the fault it was made from. */
export interface ExplainedFault {
  readonly finding: NetworkFinding;
  readonly fault: Fault;
}

/**
 * Separates causes from consequences, so that one fault is one independent finding. A lower layer explains a
 * higher one at the same place. A broken device explains faults in the other namespaces of its node. An unanswered
 * neighbour, or a pod that is not ready, follows from any lower-layer error on the path.
 */
export function withCauses(explainedFaults: readonly ExplainedFault[]): NetworkFinding[] {
  return explainedFaults.map((explained) => {
    const cause = explainedFaults.find(
      (candidate) => candidate !== explained && explains(candidate, explained),
    );
    return cause === undefined
      ? explained.finding
      : { ...explained.finding, causedBy: cause.finding.kind };
  });
}

function explains(
  { finding: cause, fault }: ExplainedFault,
  { finding: effect, fault: consequence }: ExplainedFault,
): boolean {
  if (cause.severity !== 'error' || WITHOUT_CONSEQUENCES.has(cause.kind)) return false;
  // An address that is missing in its pod has no owner.
  if (
    cause.kind === 'address-missing' &&
    ['address-unused', 'gateway-unreachable'].includes(effect.kind)
  ) {
    const { address, gateway } = consequence.values;
    return fault.values.address === (address ?? gateway);
  }
  // A device that gets another MAC address loses its neighbour entries, including permanent ones.
  if (cause.kind === 'stale-vtep-mac' && effect.kind === 'vtep-neighbour-missing') {
    return fault.values.farNode === effect.where.node;
  }
  // kube-proxy's own rules reject packets to a service without endpoints.
  if (SERVICE_WITHOUT_ENDPOINTS.has(cause.kind) && effect.kind === 'filter-drop')
    return consequence.values.toService === 'yes';
  const [low, high] = [layerOf(cause), layerOf(effect)];
  if (low >= high) return false;
  if (effect.kind === 'neighbour-failed' || effect.kind === 'pod-not-ready') return true;
  const isSameNetwork =
    cause.where.node === effect.where.node && cause.where.netns === effect.where.netns;
  if (isSameNetwork) return high < 6 || low === 1;
  return low === 1 && high <= 4 && cause.where.node === effect.where.node;
}

function layerOf({ kind }: NetworkFinding): number {
  return KINDS[kind]?.layer ?? 6;
}
