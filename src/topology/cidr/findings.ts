import type { FamilyPlan, PlanRequest } from './capacity.ts';
import type { CidrFinding } from './cidrFinding.ts';
import { formatCount } from './formatCount.ts';
import { providerRemarks } from './providers.ts';
import { isInside, overlaps, rangeText, sizeOf } from './range.ts';
import { bySeverity, misaligned, rangeFindings } from './rangeFindings.ts';

/** The kube-controller-manager divides an IPv6 range into at most 2^16 node ranges (cidr_set.go). */
const MAX_IPV6_BITS = 16;
/** A node range this many times larger than needed is reported. */
const WASTE = 8n;

/** The findings of a plan, the most severe first. */
export function findingsOf(
  request: PlanRequest,
  families: readonly FamilyPlan[],
  smaller: FamilyPlan,
): readonly CidrFinding[] {
  const findings = [
    ...families.flatMap((family) => familyFindings(family, request)),
    ...nodeFindings(request, smaller),
    ...overlapFindings(request),
    ...firstLimit(request, smaller),
    ...providerRemarks(request, smaller),
  ];
  return bySeverity(findings);
}

function familyFindings(family: FamilyPlan, { podsPerNode }: PlanRequest): CidrFinding[] {
  const { range: cluster, nodeMask, takenByServices, addressesPerNode } = family;
  const findings = misaligned(cluster);
  if (nodeMask < cluster.length)
    findings.push({
      kind: 'node-mask-too-short',
      severity: 'error',
      what: `a /${nodeMask} for each node is larger than ${rangeText(cluster)}`,
      fix: `use a node mask of /${cluster.length} or longer`,
    });
  if (cluster.family === 6 && nodeMask - cluster.length > MAX_IPV6_BITS)
    findings.push({
      kind: 'range-too-large',
      severity: 'error',
      what: `the controller manager refuses to divide an IPv6 range into more than 2^${MAX_IPV6_BITS} node ranges`,
      fix: `use a range of /${nodeMask - MAX_IPV6_BITS} or longer`,
    });
  if (takenByServices > 0)
    findings.push({
      kind: 'services-inside',
      severity: 'warning',
      what: `the service range lies inside ${rangeText(cluster)}: ${formatCount(takenByServices)} ranges are not given to nodes`,
      fix: 'use a service range outside of it',
    });
  // One address is the gateway of the node's pods.
  const forPods = addressesPerNode - 1n;
  if (forPods < BigInt(podsPerNode))
    findings.push({
      kind: 'node-range-too-small',
      severity: 'error',
      what: `a /${nodeMask} has ${formatCount(forPods < 0n ? 0n : forPods)} addresses for pods, but a node runs up to ${podsPerNode} pods`,
      fix: 'use a shorter node mask, or fewer pods per node (kubelet --max-pods)',
    });
  else if (cluster.family === 4 && forPods >= WASTE * BigInt(podsPerNode))
    findings.push({
      kind: 'node-range-too-large',
      severity: 'warning',
      what: `${formatCount(addressesPerNode)} addresses per node (${formatCount(forPods)} for pods) are used by ${podsPerNode} pods: ${percent(forPods - BigInt(podsPerNode), forPods)} % of them are never used`,
      fix: 'use a longer node mask, so that the range has room for more nodes',
    });
  return findings;
}

function percent(part: bigint, whole: bigint): string {
  const tenths = Number((part * 1000n) / whole) / 10;
  return tenths.toFixed(1);
}

function nodeFindings(
  { nodes }: PlanRequest,
  { range: cluster, nodes: fit, nodeMask }: FamilyPlan,
): CidrFinding[] {
  if (nodes === undefined || nodes <= fit) return [];
  return [
    {
      kind: 'too-few-nodes',
      severity: 'error',
      what: `${rangeText(cluster)} has room for ${formatCount(fit)} nodes with a /${nodeMask} each: node ${formatCount(fit + 1)} of ${formatCount(nodes)} gets no range (event CIDRNotAvailable), and its pods cannot start`,
      fix: 'use a larger range or a longer node mask; in most clusters neither can be changed later',
    },
  ];
}

function overlapFindings({ cluster, services, avoid }: PlanRequest): CidrFinding[] {
  const planned = [
    ...cluster.map((range) => ({ range, name: `the pod range ${rangeText(range)}` })),
    ...services.map((range) => ({ range, name: `the service range ${rangeText(range)}` })),
  ];
  const findings = planned.flatMap(({ range, name }) => rangeFindings(range, name, avoid));
  for (const { range, name } of planned.slice(cluster.length))
    if (cluster.some((podRange) => overlaps(range, podRange) && !isInside(range, podRange)))
      findings.push({
        kind: 'overlap',
        severity: 'error',
        what: `${name} overlaps the pod range, but is not inside it`,
      });
  return findings;
}

/** What runs out first as the cluster grows. */
function firstLimit(
  { nodes, podsPerNode, services }: PlanRequest,
  smaller: FamilyPlan,
): CidrFinding[] {
  if (nodes === undefined || smaller.nodes === 0) return [];
  const limits = [
    { what: 'ranges for nodes', used: nodes, has: BigInt(smaller.nodes) },
    { what: 'addresses of a node', used: podsPerNode, has: smaller.addressesPerNode - 1n },
  ].map((limit) => ({ ...limit, share: limit.used / Number(limit.has) }));
  const [first] = limits.sort((a, b) => b.share - a.share);
  if (!first || first.share > 1) return [];
  const [service] = services;
  const rest =
    service === undefined ? '' : `; services have ${formatCount(sizeOf(service))} addresses`;
  return [
    {
      kind: 'first-limit',
      severity: 'remark',
      what: `${first.what} run out first: ${formatCount(first.used)} of ${formatCount(first.has)} are used${rest}`,
    },
  ];
}
