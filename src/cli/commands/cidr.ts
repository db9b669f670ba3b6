import { renderDocument } from '../../output/renderDocument.ts';
import { print } from '../../output/standardOutput.ts';
import { Problem, wrongUsage } from '../../problem.ts';
import type { PlanRequest } from '../../topology/cidr/capacity.ts';
import type { CidrFinding } from '../../topology/cidr/cidrFinding.ts';
import { clusterReport } from '../../topology/cidr/cluster/clusterReport.ts';
import { renderClusterReport } from '../../topology/cidr/cluster/renderClusterReport.ts';
import { planCidr } from '../../topology/cidr/plan.ts';
import { parseRange, type WrittenRange } from '../../topology/cidr/range.ts';
import { renderPlan } from '../../topology/cidr/renderPlan.ts';
import { command, type Invocation } from '../command.ts';
import { printDocument, readFactsFile } from '../flags/facts.ts';
import type { FlagTable, FlagValues, ValueType } from '../flags/flag.ts';
import { outputFlag } from '../flags/output.ts';
import { count, FILE } from '../flags/valueTypes.ts';
import { noteUnknown } from '../readFacts.ts';
import { readRangeFacts } from '../readRangeFacts.ts';

/** Ranges separated by commas. */
const RANGES_TYPE: ValueType<readonly WrittenRange[]> = {
  placeholder: 'CIDR',
  parse: (value) =>
    value.split(',').map((text) => {
      const range = parseRange(text);
      if (range) return range;
      throw wrongUsage('must be a CIDR such as 10.244.0.0/16 or fd00:10:244::/56');
    }),
};

const FLAGS = {
  output: outputFlag(['wide', 'json', 'yaml']),
  from: {
    value: FILE,
    help: 'Read this file, written with -o json, instead of the cluster (- for standard input)',
  },
  avoid: {
    value: RANGES_TYPE,
    repeatable: true,
    help: 'Report overlaps with this range, such as that of a VPC or VPN. Can be repeated',
  },
  'cluster-cidr': {
    value: RANGES_TYPE,
    help: 'Range of all pods; two for dual stack: 10.244.0.0/16,fd00:10:244::/56. Without plan: used if the range cannot be read from the cluster',
  },
  'service-cidr': { value: RANGES_TYPE, help: 'Range of all services; two for dual stack' },
} as const satisfies FlagTable;

const PLAN_FLAGS = {
  'node-cidr-mask-size': {
    value: count(),
    help: "Prefix length of each node's range (default 24, or 64 for IPv6)",
  },
  'node-cidr-mask-size-ipv4': { value: count(), help: 'The same for IPv4, with dual stack' },
  'node-cidr-mask-size-ipv6': { value: count(), help: 'The same for IPv6, with dual stack' },
  nodes: { value: count(), help: 'Number of nodes that must fit' },
  'pods-per-node': {
    value: count(),
    help: 'Maximum number of pods per node: --max-pods of the kubelet (default 110)',
  },
} as const satisfies FlagTable;

type Flags = FlagValues<typeof FLAGS> & FlagValues<typeof PLAN_FLAGS>;

export const cidrCommand = command({
  description:
    'Show the address ranges of nodes, pods and services in a cluster, and the source of each. Also show how many addresses of each node are used and free, how many more nodes fit, what runs out first, and which ranges overlap.\n\n' +
    'Only the API server is queried; no pod is created. "cidr plan" plans ranges without a cluster: how many nodes and pods fit, and alternatives. The exit code is 1 if a finding is an error.',
  examples: [
    ['cidr', 'Show the ranges of the cluster, and how full they are'],
    ['cidr --avoid 10.0.0.0/16', 'Check that no range overlaps a VPC'],
    ['cidr plan --cluster-cidr 10.244.0.0/16', 'Check a range with the usual /24 for each node'],
    ['cidr plan --cluster-cidr 10.244.0.0/16 --nodes 200', 'Check that 200 nodes fit'],
    ['cidr plan --cluster-cidr 10.244.0.0/16,fd00:10:244::/56', 'Plan dual stack'],
  ],
  arguments: [{ name: 'ACTION', choices: ['plan'] }],
  flags: [
    { title: 'Options', flags: FLAGS },
    { title: 'Options of plan', flags: PLAN_FLAGS },
  ],
  run,
});

async function run({ flags, args: [action] }: Invocation<Flags>): Promise<number> {
  if (action === undefined) return showCluster(flags);
  if (action !== 'plan') throw wrongUsage(`unknown action "${action}"`, 'as in: cidr plan');
  if (flags.from !== undefined) throw wrongUsage('--from cannot be used with plan');
  const plan = planCidr(planRequest(flags));
  const { output } = flags;
  const isDocument = output === 'json' || output === 'yaml';
  await print(isDocument ? [renderDocument(plan, output)] : renderPlan(plan));
  return exitCode(plan.findings);
}

async function showCluster(flags: Invocation<Flags>['flags']): Promise<number> {
  const planFlag = Object.keys(PLAN_FLAGS).find((name) => flags[name as keyof Flags] !== undefined);
  if (planFlag !== undefined)
    throw wrongUsage(`--${planFlag} is an option of plan`, 'as in: cidr plan --cluster-cidr CIDR');
  const facts =
    flags.from === undefined ? await readRangeFacts(flags) : await readFactsFile(flags.from);
  const { nodes } = facts.objects;
  const report = clusterReport(facts, {
    pods: flags['cluster-cidr'] ?? [],
    services: flags['service-cidr'] ?? [],
    avoid: flags.avoid.flat(),
  });
  const { output } = flags;
  if (output === 'json' || output === 'yaml') {
    await printDocument({ ...report }, facts, output);
    return exitCode(report.findings);
  }
  noteUnknown(facts);
  if (nodes === undefined && report.ranges.length === 0)
    throw new Problem('neither nodes nor ranges could be read', {
      kind: 'no-facts',
      next: [
        'this command needs permission to list nodes and pods in all namespaces',
        'to plan without a cluster: kubectl netdebug cidr plan --cluster-cidr CIDR',
      ],
    });
  await print(renderClusterReport(report, output === 'wide'));
  return exitCode(report.findings);
}

function exitCode(findings: readonly CidrFinding[]): number {
  return findings.some(({ severity }) => severity === 'error') ? 1 : 0;
}

const DEFAULT_MASK = { 4: 24, 6: 64 } as const;
/** The default of the kubelet. */
const DEFAULT_PODS_PER_NODE = 110;

function planRequest(flags: Flags): PlanRequest {
  const cluster = flags['cluster-cidr'];
  if (!cluster)
    throw wrongUsage('--cluster-cidr is required', 'as in: cidr plan --cluster-cidr 10.244.0.0/16');
  for (const ranges of [cluster, flags['service-cidr'] ?? []])
    if (ranges.length > 2 || new Set(ranges.map(({ family }) => family)).size < ranges.length)
      throw wrongUsage('at most one IPv4 range and one IPv6 range are allowed');
  const isDual = cluster.length > 1;
  const sharedMask = flags['node-cidr-mask-size'];
  if (isDual && sharedMask !== undefined)
    throw wrongUsage(
      '--node-cidr-mask-size cannot be used with dual stack',
      'use --node-cidr-mask-size-ipv4 and --node-cidr-mask-size-ipv6',
    );
  const nodeMask = (family: 4 | 6) => {
    const mask = flags[`node-cidr-mask-size-ipv${family}`] ?? sharedMask ?? DEFAULT_MASK[family];
    const bits = family === 4 ? 32 : 128;
    const isUsed = cluster.some((range) => range.family === family);
    if (isUsed && mask > bits)
      throw wrongUsage(`a node mask for IPv${family} can be at most ${bits}, not ${mask}`);
    return mask;
  };
  return {
    cluster,
    nodeMask: { 4: nodeMask(4), 6: nodeMask(6) },
    services: flags['service-cidr'] ?? [],
    avoid: flags.avoid.flat(),
    podsPerNode: flags['pods-per-node'] ?? DEFAULT_PODS_PER_NODE,
    ...(flags.nodes !== undefined && { nodes: flags.nodes }),
  };
}
