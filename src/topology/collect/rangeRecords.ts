import { objectOf } from '../../jsonObject.ts';
import type { LearnedRange, RangeUse } from '../model/learnedRange.ts';

/** A ConfigMap with known keys and values. */
export interface RawConfigMap {
  readonly data?: Readonly<Record<string, string>>;
}

/** A control plane's static pod, with its command line. */
export interface RawControlPlanePod {
  readonly spec?: {
    readonly containers?: readonly {
      readonly name: string;
      readonly command?: readonly string[];
      readonly args?: readonly string[];
    }[];
  };
}

/** Reads ranges from a text, separated by commas or spaces. */
function parseRanges(
  use: RangeUse,
  text: string | undefined,
  source: string,
  properties: object = {},
) {
  return (text ?? '')
    .split(/[\s,]+/)
    .filter((cidr) => cidr.includes('/'))
    .map((cidr): LearnedRange => ({ use, cidr, source, ...properties }));
}

function maskOf(value: unknown): { nodeMask?: number } {
  const mask = Number(value);
  return value !== undefined && Number.isInteger(mask) ? { nodeMask: mask } : {};
}

/** Reads flags such as `--cluster-cidr=10.244.0.0/16`, or `--cluster-cidr` with the value in the next word. */
function argumentsOf(words: readonly string[]): ReadonlyMap<string, string> {
  const flags = new Map<string, string>();
  for (const [at, word] of words.entries()) {
    const match = /^--?([a-z0-9-]+)(?:=(.*))?$/s.exec(word);
    if (match?.[1] !== undefined) flags.set(match[1], match[2] ?? words[at + 1] ?? '');
  }
  return flags;
}

/** Adds the node mask of its family to each range. */
function withMasks(
  ranges: readonly LearnedRange[],
  mask: (family: 4 | 6) => unknown,
): LearnedRange[] {
  return ranges.map((range) => ({ ...range, ...maskOf(mask(range.cidr.includes(':') ? 6 : 4)) }));
}

/** Reads the flags of kube-controller-manager and kube-apiserver. */
export function controlPlaneRanges({ spec }: RawControlPlanePod): LearnedRange[] {
  return (spec?.containers ?? []).flatMap(({ name, command = [], args = [] }) =>
    argumentRanges(argumentsOf([...command, ...args]), name, {
      pods: 'cluster-cidr',
      services: 'service-cluster-ip-range',
    }),
  );
}

function argumentRanges(
  values: ReadonlyMap<string, string>,
  program: string,
  flags: Readonly<Record<RangeUse, string>>,
): LearnedRange[] {
  const pods = parseRanges('pods', values.get(flags.pods), `${program} --${flags.pods}`);
  const mask = (family: 4 | 6) =>
    values.get(`node-cidr-mask-size-ipv${family}`) ?? values.get('node-cidr-mask-size');
  return [
    ...withMasks(pods, mask),
    ...parseRanges('services', values.get(flags.services), `${program} --${flags.services}`),
  ];
}

/** Reads a k3s or RKE2 server: the annotation k3s.io/node-args holds its arguments as a list. */
export function k3sRanges({
  metadata,
}: {
  readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> };
}): LearnedRange[] {
  const words = parseJson(metadata?.annotations?.['k3s.io/node-args']);
  if (!Array.isArray(words)) return [];
  const flags = { pods: 'cluster-cidr', services: 'service-cidr' };
  return argumentRanges(argumentsOf(words.map(String)), 'k3s', flags);
}

/** kube-system/kubeadm-config: `networking.podSubnet` and `serviceSubnet` of the YAML in it. */
export function kubeadmRanges({ data }: RawConfigMap): LearnedRange[] {
  const text = data?.ClusterConfiguration;
  const source = 'ConfigMap kubeadm-config';
  return [
    ...parseRanges('pods', yamlValue(text, 'podSubnet'), source),
    ...parseRanges('services', yamlValue(text, 'serviceSubnet'), source),
  ];
}

/** kube-system/kube-proxy: `clusterCIDR` of its configuration. */
export function kubeProxyRanges({ data }: RawConfigMap): LearnedRange[] {
  const text = data?.['config.conf'] ?? data?.['kube-proxy.conf'];
  return parseRanges('pods', yamlValue(text, 'clusterCIDR'), 'ConfigMap kube-proxy');
}

/** The value of a YAML key that is on a line of its own. */
function yamlValue(text: string | undefined, key: string): string | undefined {
  const value = new RegExp(`^\\s*${key}:[ \\t]*(.*)$`, 'm').exec(text ?? '')?.[1];
  return value?.replaceAll(/["']/g, '');
}

/** kube-flannel-cfg: https://github.com/flannel-io/flannel/blob/master/Documentation/configuration.md */
export function flannelRanges({ data }: RawConfigMap): LearnedRange[] {
  const { Network, IPv6Network, SubnetLen, IPv6SubnetLen } = objectOf(
    parseJson(data?.['net-conf.json']),
  );
  const source = 'ConfigMap kube-flannel-cfg';
  return [
    ...parseRanges('pods', stringOf(Network), source, maskOf(SubnetLen)),
    ...parseRanges('pods', stringOf(IPv6Network), source, maskOf(IPv6SubnetLen)),
  ];
}

/** cilium-config with `ipam: cluster-pool`. https://docs.cilium.io/en/stable/network/concepts/ipam/cluster-pool/ */
export function ciliumRanges({ data = {} }: RawConfigMap): LearnedRange[] {
  if (!data.ipam?.startsWith('cluster-pool')) return [];
  const source = 'ConfigMap cilium-config';
  return [4, 6].flatMap((family) =>
    parseRanges(
      'pods',
      data[`cluster-pool-ipv${family}-cidr`],
      source,
      maskOf(data[`cluster-pool-ipv${family}-mask-size`]),
    ),
  );
}

/** cilium.io/v2 CiliumNode: the ranges of one node, from each of its pools. */
export function ciliumNodeRanges(raw: unknown): LearnedRange[] {
  const { name } = objectOf(objectOf(raw).metadata);
  const { podCIDRs, pools } = objectOf(objectOf(objectOf(raw).spec).ipam);
  const { allocated } = objectOf(pools);
  const base = { use: 'pods', source: 'CiliumNode', node: String(name) } as const;
  const ofPools = Array.isArray(allocated) ? allocated.map(objectOf) : [];
  return [
    ...stringsOf(podCIDRs).map((cidr) => ({ ...base, cidr })),
    ...ofPools.flatMap(({ cidrs }) =>
      stringsOf(cidrs).map((cidr) => ({ ...base, cidr, blocks: true as const })),
    ),
  ];
}

/** CiliumPodIPPool: nodes get blocks of it. https://docs.cilium.io/en/stable/network/concepts/ipam/multi-pool/ */
export function ciliumPoolRanges(raw: unknown): LearnedRange[] {
  const { name } = objectOf(objectOf(raw).metadata);
  const { ipv4, ipv6 } = objectOf(objectOf(raw).spec);
  return [ipv4, ipv6]
    .map(objectOf)
    .flatMap(({ cidrs, maskSize }) =>
      stringsOf(cidrs).flatMap((cidr) =>
        parseRanges('pods', cidr, `CiliumPodIPPool ${name}`, { ...maskOf(maskSize), blocks: true }),
      ),
    );
}

/**
 * acn.azure.com/v1alpha NodeNetworkConfig: the Azure subnet of the pods of a node. Nodes share it.
 * https://github.com/Azure/azure-container-networking/tree/master/crd/nodenetworkconfig
 */
export function azureRanges(raw: unknown): LearnedRange[] {
  const { networkContainers } = objectOf(objectOf(raw).status);
  const containers = Array.isArray(networkContainers) ? networkContainers.map(objectOf) : [];
  return containers.flatMap(({ subnetAddressSpace, subnetName }) =>
    parseRanges(
      'pods',
      stringOf(subnetAddressSpace),
      `NodeNetworkConfig${typeof subnetName === 'string' ? `, subnet ${subnetName}` : ''}`,
    ),
  );
}

/** crd.projectcalico.org/v1 IPPool. */
export function calicoPoolRanges(raw: unknown): LearnedRange[] {
  const { name } = objectOf(objectOf(raw).metadata);
  const { cidr, blockSize, disabled } = objectOf(objectOf(raw).spec);
  if (disabled === true) return [];
  const more = { ...maskOf(blockSize), blocks: true };
  return parseRanges('pods', stringOf(cidr), `IPPool ${name}`, more);
}

/** crd.projectcalico.org/v1 BlockAffinity: the block of a pool that a node owns. */
export function calicoBlockRanges(raw: unknown): LearnedRange[] {
  const { cidr, node, deleted } = objectOf(objectOf(raw).spec);
  if (deleted === true || deleted === 'true' || typeof node !== 'string') return [];
  return parseRanges('pods', stringOf(cidr), 'BlockAffinity', { node, blocks: true });
}

/** config.openshift.io/v1 Network. */
export function openShiftRanges(raw: unknown): LearnedRange[] {
  const { clusterNetwork, serviceNetwork } = objectOf(objectOf(raw).spec);
  const source = 'network.config.openshift.io cluster';
  const networks = Array.isArray(clusterNetwork) ? clusterNetwork.map(objectOf) : [];
  return [
    ...networks.flatMap(({ cidr, hostPrefix }) =>
      parseRanges('pods', stringOf(cidr), source, maskOf(hostPrefix)),
    ),
    ...stringsOf(serviceNetwork).flatMap((cidr) => parseRanges('services', cidr, source)),
  ];
}

/** networking.k8s.io/v1 ServiceCIDR. */
export function serviceCidrRanges(raw: unknown): LearnedRange[] {
  const { name } = objectOf(objectOf(raw).metadata);
  const { cidrs } = objectOf(objectOf(raw).spec);
  return stringsOf(cidrs).flatMap((cidr) => parseRanges('services', cidr, `ServiceCIDR ${name}`));
}

/** The API server's error for an invalid service address: "… The range of valid IPs is 10.96.0.0/16". */
export function refusedServiceRanges(message: string): LearnedRange[] {
  const text = /range of valid IPs is ([0-9a-fA-F:./, ]+)/.exec(message)?.[1];
  return parseRanges('services', text, 'dry run of a Service');
}

function parseJson(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

function stringOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function stringsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}
