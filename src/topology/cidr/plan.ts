import { type Alternative, alternativesTo } from './alternatives.ts';
import { countOf, type FamilyPlan, familyPlan, type PlanRequest } from './capacity.ts';
import type { CidrFinding } from './cidrFinding.ts';
import { findingsOf } from './findings.ts';
import { rangeText } from './range.ts';

/** A plan, as in the JSON output. Counts above 2^53 are decimal strings. */
export interface CidrPlan {
  readonly network: string;
  readonly nodes: number;
  readonly addressesPerNode: number | string;
  readonly podsPerNode: number;
  readonly families: readonly {
    readonly network: string;
    readonly nodes: number;
    readonly addressesPerNode: number | string;
  }[];
  readonly findings: readonly CidrFinding[];
  readonly alternatives: readonly Alternative[];
}

/** Computes a plan. With two families, a node needs a range in each, so the family with fewer node ranges decides. */
export function planCidr(request: PlanRequest): CidrPlan {
  const families = request.cluster.map((range) => familyPlan(range, request));
  const [first, ...others] = families;
  if (!first) throw new Error('a plan requires a range');
  const smaller = others.reduce(
    (smallest, family) => (family.nodes < smallest.nodes ? family : smallest),
    first,
  );
  return {
    ...factsOf(smaller),
    podsPerNode: request.podsPerNode,
    families: families.map(factsOf),
    findings: findingsOf(request, families, smaller),
    alternatives: alternativesTo(request, smaller),
  };
}

function factsOf({ range, nodes, addressesPerNode }: FamilyPlan) {
  return { network: rangeText(range), nodes, addressesPerNode: countOf(addressesPerNode) };
}
