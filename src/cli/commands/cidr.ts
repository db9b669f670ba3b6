import { print } from '../../output/standardOutput.ts';
import { toYaml } from '../../output/yaml.ts';
import { wrongUsage } from '../../problem.ts';
import type { PlanRequest } from '../../topology/cidr/capacity.ts';
import { planCidr } from '../../topology/cidr/plan.ts';
import { parseRange, type WrittenRange } from '../../topology/cidr/range.ts';
import { renderPlan } from '../../topology/cidr/renderPlan.ts';
import { command, type Invocation } from '../command.ts';
import type { FlagTable, FlagValues, ValueType } from '../flags/flag.ts';
import { outputFlag } from '../flags/output.ts';
import { count } from '../flags/valueTypes.ts';

/** Ranges separated by commas. */
const RANGES: ValueType<readonly WrittenRange[]> = {
  placeholder: 'CIDR',
  parse: (value) =>
    value.split(',').map((text) => {
      const range = parseRange(text);
      if (range) return range;
      throw wrongUsage('must be a CIDR such as 10.244.0.0/16 or fd00:10:244::/56');
    }),
};

const FLAGS = {
  'cluster-cidr': {
    value: RANGES,
    help: 'Range of all pods; two for dual stack: 10.244.0.0/16,fd00:10:244::/56',
  },
  'node-cidr-mask-size': {
    value: count(),
    help: "Prefix length of each node's range (default 24, of IPv6 64)",
  },
  'node-cidr-mask-size-ipv4': { value: count(), help: 'The same for IPv4, with dual stack' },
  'node-cidr-mask-size-ipv6': { value: count(), help: 'The same for IPv6, with dual stack' },
  'service-cidr': { value: RANGES, help: 'Range of services' },
  nodes: { value: count(), help: 'Number of nodes that must fit' },
  'pods-per-node': {
    value: count(),
    default: '110',
    help: "Number of pods that a node runs at most (kubelet's --max-pods)",
  },
  avoid: {
    value: RANGES,
    repeatable: true,
    help: 'Ranges that are used elsewhere, such as VPCs and VPNs. Can be repeated',
  },
  output: outputFlag(['json', 'yaml']),
} as const satisfies FlagTable;

type Flags = FlagValues<typeof FLAGS>;

export const cidrCommand = command({
  description:
    'Plan address ranges: compute how many nodes and pods they are enough for, what runs out first and what overlaps, and suggest alternatives. Works without a cluster.',
  examples: [
    ['cidr plan --cluster-cidr 10.244.0.0/16', 'Check a range with the usual /24 for each node'],
    ['cidr plan --cluster-cidr 10.244.0.0/16 --nodes 200', 'Check that 200 nodes fit'],
    ['cidr plan --cluster-cidr 10.244.0.0/16,fd00:10:244::/56', 'Plan dual stack'],
  ],
  arguments: [{ name: 'ACTION', required: true, choices: ['plan'] }],
  flags: [{ title: 'Options', flags: FLAGS }],
  run,
});

async function run({ flags, args: [action] }: Invocation<Flags>): Promise<number> {
  if (action !== 'plan') throw wrongUsage(`unknown action "${action}"`, 'as in: cidr plan');
  const plan = planCidr(requestOf(flags));
  const { output } = flags;
  if (output === 'json') await print([`${JSON.stringify(plan, undefined, 2)}\n`]);
  else if (output === 'yaml') await print([toYaml(plan)]);
  else await print(renderPlan(plan));
  return plan.findings.some(({ severity }) => severity === 'error') ? 1 : 0;
}

const DEFAULT_MASK = { 4: 24, 6: 64 } as const;

function requestOf(flags: Flags): PlanRequest {
  const cluster = flags['cluster-cidr'];
  if (!cluster)
    throw wrongUsage('--cluster-cidr is required', 'as in: cidr plan --cluster-cidr 10.244.0.0/16');
  for (const ranges of [cluster, flags['service-cidr'] ?? []])
    if (ranges.length > 2 || new Set(ranges.map(({ family }) => family)).size < ranges.length)
      throw wrongUsage('there can be one IPv4 range and one IPv6 range');
  const isDual = cluster.length > 1;
  const both = flags['node-cidr-mask-size'];
  if (isDual && both !== undefined)
    throw wrongUsage(
      '--node-cidr-mask-size cannot be used with dual stack',
      'use --node-cidr-mask-size-ipv4 and --node-cidr-mask-size-ipv6',
    );
  const maskOf = (family: 4 | 6) => {
    const mask = flags[`node-cidr-mask-size-ipv${family}`] ?? both ?? DEFAULT_MASK[family];
    const bits = family === 4 ? 32 : 128;
    const isUsed = cluster.some((range) => range.family === family);
    if (isUsed && mask > bits)
      throw wrongUsage(`a node mask of IPv${family} is at most ${bits}, not ${mask}`);
    return mask;
  };
  return {
    cluster,
    nodeMask: { 4: maskOf(4), 6: maskOf(6) },
    services: flags['service-cidr'] ?? [],
    avoid: flags.avoid.flat(),
    podsPerNode: flags['pods-per-node'],
    ...(flags.nodes !== undefined && { nodes: flags.nodes }),
  };
}
