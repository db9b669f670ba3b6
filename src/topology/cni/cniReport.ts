import type { NetworkFinding } from '../findings/finding.ts';
import type { ClusterFacts } from '../model/clusterFacts.ts';
import type { CachedResult, ConfigurationFile, Lease } from '../model/cniFacts.ts';
import type { NodeFacts } from '../model/nodeFacts.ts';
import { cniFindings } from './cniFindings.ts';
import { type LeaseState, leaseStates } from './leaseOwners.ts';

/** What `cni` shows of a node or of one pod. */
export interface CniReport {
  readonly configuration: readonly (ConfigurationFile & { readonly node: string })[];
  readonly results: readonly (CachedResult & { readonly node: string })[];
  readonly leases: readonly ReportedLease[];
  readonly findings: readonly NetworkFinding[];
}

export interface ReportedLease extends Lease {
  readonly node: string;
  readonly state: LeaseState;
  readonly pod: string | null;
  readonly podNamespace: string | null;
}

export interface PodName {
  readonly namespace: string;
  readonly name: string;
}

/** The CNI files of the given nodes; with `pod`, only those of this pod. */
export function cniReport(
  facts: ClusterFacts,
  nodes: readonly string[],
  pod: PodName | undefined,
): CniReport {
  const selectedNodes = facts.nodes.filter(({ name }) => nodes.includes(name));
  const reports = selectedNodes.map((node) => nodeReport(facts, node, pod));
  return {
    configuration: reports.flatMap(({ configuration }) => configuration),
    results: reports.flatMap(({ results }) => results),
    leases: reports.flatMap(({ leases }) => leases),
    findings: reports.flatMap(({ findings }) => findings),
  };
}

function nodeReport(facts: ClusterFacts, node: NodeFacts, pod: PodName | undefined): CniReport {
  const { name, cni } = node;
  if (!cni) return { configuration: [], results: [], leases: [], findings: [] };
  const stateOf = leaseStates(facts, node);
  const results = cni.results.filter((result) => pod === undefined || isResultOf(result, pod));
  const ids = new Set(results.map(({ containerId }) => containerId));
  const addresses = new Set(
    pod &&
      facts.objects.pods?.find(
        (candidate) => candidate.name === pod.name && candidate.namespace === pod.namespace,
      )?.addresses,
  );
  const owners = podsById(node);
  const findings = cniFindings(facts, node);
  return {
    configuration: cni.configurations.map((file) => ({ node: name, ...file })),
    results: results.map((result) => ({ node: name, ...result })),
    leases: cni.leases
      .filter(
        ({ containerId, address }) =>
          pod === undefined || ids.has(containerId) || addresses.has(address),
      )
      .map((lease) => {
        const owner = lease.containerId === undefined ? undefined : owners.get(lease.containerId);
        return {
          node: name,
          ...lease,
          state: stateOf(lease),
          pod: owner?.name ?? null,
          podNamespace: owner?.namespace ?? null,
        };
      }),
    findings:
      pod === undefined
        ? findings
        : findings.filter(
            ({ where }) => where.pod === undefined || where.pod === `${pod.namespace}/${pod.name}`,
          ),
  };
}

function isResultOf(
  { podName, podNamespace }: CachedResult,
  { name, namespace }: PodName,
): boolean {
  return podName === name && podNamespace === namespace;
}

/** Pods by sandbox id, from the plugins' result cache. */
function podsById(node: NodeFacts): Map<string, PodName> {
  return new Map(
    (node.cni?.results ?? []).flatMap(({ containerId, podName, podNamespace }) =>
      containerId !== undefined && podName !== undefined
        ? [[containerId, { name: podName, namespace: podNamespace ?? '' }] as const]
        : [],
    ),
  );
}
