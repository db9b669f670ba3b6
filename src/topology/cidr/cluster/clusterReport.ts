import type { ClusterFacts } from '../../model/clusterFacts.ts';
import { countOf } from '../capacity.ts';
import type { CidrFinding } from '../cidrFinding.ts';
import { rangeText, type WrittenRange } from '../range.ts';
import { bySeverity } from '../rangeFindings.ts';
import { clusterFindings } from './clusterFindings.ts';
import { clusterRanges, type RangeFlags } from './clusterRanges.ts';
import { limitsOf, nodeCapacities } from './limits.ts';
import { nodeUses } from './nodeUse.ts';

/** The ranges of a cluster, in the form of `-o json`. docs/cidr.md describes it. */
export interface ClusterReport {
  readonly ranges: readonly {
    readonly use: 'nodes' | 'pods' | 'services';
    readonly network: string;
    readonly exact: boolean;
    readonly learnedFrom: readonly string[];
    readonly nodeMask?: number;
  }[];
  readonly nodes: readonly {
    readonly name: string;
    readonly ranges: readonly {
      readonly network: string;
      readonly learnedFrom: string;
      readonly addresses: number | string;
      readonly used: number;
      readonly free: number | string;
    }[];
    readonly pods: number;
    readonly podLimit?: number;
  }[];
  /** How many more nodes can get a range; absent if the pod range is not known. */
  readonly moreNodes?: number;
  readonly limits: readonly {
    readonly what: string;
    readonly used: number;
    readonly total: number | string;
  }[];
  readonly findings: readonly CidrFinding[];
}

/** The ranges of a cluster, how full they are, and what is wrong with them. */
export function clusterReport(
  facts: ClusterFacts,
  flags: RangeFlags & { readonly avoid: readonly WrittenRange[] },
): ClusterReport {
  const ranges = clusterRanges(facts, flags);
  const uses = nodeUses(facts);
  const capacities = nodeCapacities(ranges, uses);
  const limits = limitsOf(facts, ranges, uses, capacities);
  const findings = clusterFindings({ facts, ranges, uses, capacities, limits, avoid: flags.avoid });
  const unused = capacities.map(({ total, used }) => Math.max(0, total - used));
  return {
    ranges: ranges.map(({ use, range, isExact, sources, nodeMask }) => ({
      use,
      network: rangeText(range),
      exact: isExact,
      learnedFrom: sources,
      ...(nodeMask !== undefined && { nodeMask }),
    })),
    nodes: uses.map(({ name, ranges: nodeRanges, pods, podLimit }) => ({
      name,
      ranges: nodeRanges.map(({ range, source, addresses, used }) => ({
        network: range.written,
        learnedFrom: source,
        addresses: countOf(addresses),
        used,
        free: countOf(addresses > BigInt(used) ? addresses - BigInt(used) : 0n),
      })),
      pods,
      ...(podLimit !== undefined && { podLimit }),
    })),
    ...(unused.length > 0 && { moreNodes: Math.min(...unused) }),
    limits: limits.map(({ what, used, total }) => ({ what, used, total: countOf(total) })),
    findings: bySeverity(findings),
  };
}
