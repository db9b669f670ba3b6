import type { FamilyPlan, PlanRequest } from './capacity.ts';
import type { CidrFinding } from './cidrFinding.ts';
import { mustParseRange, overlaps, rangeText } from './range.ts';

/** The default quota of routes in a VPC's route table. With Flannel on ACK, each node takes one. */
const ACK_ROUTES = 200;
const ACK_SOURCE =
  'https://www.alibabacloud.com/help/en/ack/ack-managed-and-ack-dedicated/user-guide/plan-cidr-blocks-for-an-ack-cluster';
const ACK_FORBIDDEN = ['100.64.0.0/10', '224.0.0.0/4', '127.0.0.0/8', '169.254.0.0/16'].map(
  mustParseRange,
);

const AKS_SOURCE = 'https://learn.microsoft.com/en-us/azure/aks/concepts-network-cni-overview';
const AKS_FORBIDDEN = ['169.254.0.0/16', '172.30.0.0/16', '172.31.0.0/16', '192.0.2.0/24'].map(
  mustParseRange,
);

const GKE_SOURCE = 'https://cloud.google.com/kubernetes-engine/docs/how-to/flexible-pod-cidr';
const EKS_SOURCE = 'https://docs.aws.amazon.com/eks/latest/best-practices/vpc-cni.html';

/** The rules of managed Kubernetes services that apply to the plan, with links to their documentation. */
export function providerRemarks(request: PlanRequest, smaller: FamilyPlan): CidrFinding[] {
  const { range: cluster } = smaller;
  if (cluster.family === 6) return [];
  return [...ack(request, smaller), ...gke(request, smaller), ...eks(), ...aks(request)];
}

function remark(kind: string, source: string, what: string): CidrFinding {
  return { kind, severity: 'remark', what, source };
}

function ack({ cluster, services }: PlanRequest, smaller: FamilyPlan): CidrFinding[] {
  const ackRemark = (what: string) => remark('ack', ACK_SOURCE, `ACK: ${what}`);
  const reachable = Math.min(smaller.nodes, ACK_ROUTES);
  const forbidden = ACK_FORBIDDEN.filter((forbiddenRange) =>
    [...cluster, ...services].some((planned) => overlaps(forbiddenRange, planned)),
  );
  const { length } = smaller.range;
  return [
    ackRemark(
      `with Flannel, each node needs a route of the VPC (quota: ${ACK_ROUTES} by default), so ${reachable} nodes are possible until the quota is raised. The pod range must not overlap the VPC. Pod and service ranges cannot be changed later`,
    ),
    ...forbidden.map((forbiddenRange) => ackRemark(`${rangeText(forbiddenRange)} cannot be used`)),
    ...(length < 8 || length > 28
      ? [ackRemark(`the pod range must be a /8 to a /28, not a /${length}`)]
      : []),
  ];
}

/** GKE gives a node at least twice as many addresses as pods, so that addresses are not reused at once. */
function gke({ podsPerNode }: PlanRequest, { nodeMask }: FamilyPlan): CidrFinding[] {
  const maxMask = 32 - Math.ceil(Math.log2(2 * podsPerNode));
  if (podsPerNode > 256) return [];
  const comparison =
    nodeMask <= maxMask ? `a /${nodeMask} is enough` : `a /${nodeMask} is too small`;
  return [
    remark(
      'gke',
      GKE_SOURCE,
      `GKE: a node's range must have at least twice as many addresses as pods: a /${maxMask} for ${podsPerNode} pods, so ${comparison}`,
    ),
  ];
}

function eks(): CidrFinding[] {
  return [
    remark(
      'eks',
      EKS_SOURCE,
      'EKS: pods use addresses of the VPC, so a pod range only matters with another CNI plugin; pods per node are network interfaces × (addresses of each − 1) + 2',
    ),
  ];
}

function aks({ cluster, services }: PlanRequest): CidrFinding[] {
  return AKS_FORBIDDEN.filter((forbiddenRange) =>
    [...cluster, ...services].some((planned) => overlaps(forbiddenRange, planned)),
  ).map((forbiddenRange) =>
    remark('aks', AKS_SOURCE, `AKS: ${rangeText(forbiddenRange)} cannot be used`),
  );
}
