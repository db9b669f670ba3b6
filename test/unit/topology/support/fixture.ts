import { parseFdb } from '../../../../src/tools/ip/fdb.ts';
import { linksOf } from '../../../../src/tools/ip/link.ts';
import { neighboursOf } from '../../../../src/tools/ip/neighbour.ts';
import type { Qdisc } from '../../../../src/tools/ip/qdisc.ts';
import type { IpRecord } from '../../../../src/tools/ip/records.ts';
import { routesOf } from '../../../../src/tools/ip/route.ts';
import { routingRulesOf } from '../../../../src/tools/ip/rule.ts';
import type { ApiObjects, PodObject } from '../../../../src/topology/model/apiObjects.ts';
import { type ClusterFacts, FACTS_FORMAT } from '../../../../src/topology/model/clusterFacts.ts';
import type { NetfilterFacts } from '../../../../src/topology/model/netfilterFacts.ts';
import type { NetworkNamespace } from '../../../../src/topology/model/networkNamespace.ts';

/** A device in a fixture; the output of `ip -j -d addr` is generated from it. */
export interface FixtureLink {
  readonly name: string;
  readonly kind?: string;
  readonly mtu?: number;
  readonly mac?: string;
  readonly addresses?: readonly string[];
  readonly master?: string;
  readonly data?: Readonly<Record<string, unknown>>;
  /** For a veth on a node: the pod and device at its other end. */
  readonly pod?: string;
  readonly podDevice?: string;
  /** For a VLAN, macvlan or tunnel: the device below it, in this namespace, or with `below` on the node. */
  readonly link?: string;
  readonly below?: string;
  readonly flags?: readonly string[];
  readonly type?: string;
  readonly down?: boolean;
}

export interface FixtureNamespace {
  readonly links: readonly FixtureLink[];
  /** Lines as printed by `ip route show table all`. */
  readonly routes: string;
  /** Lines as printed by `ip rule`; the kernel's own three by default. */
  readonly rules?: string;
  /** Lines as printed by `ip neigh`. */
  readonly neighbours?: string;
  /** Lines as printed by `bridge fdb`. */
  readonly fdb?: string;
  readonly sysctls?: Readonly<Record<string, string>>;
  /** Lines of `tc filter`, by device. */
  readonly filters?: Readonly<Record<string, string>>;
  readonly netfilter?: NetfilterFacts;
}

export interface FixtureNode extends FixtureNamespace {
  readonly address: string;
  readonly podCidrs?: readonly string[];
  readonly pods: Readonly<Record<string, FixtureNamespace & { readonly ip: string }>>;
}

export interface Fixture {
  /** What it is modelled on. */
  readonly origin: string;
  readonly nodes: Readonly<Record<string, FixtureNode>>;
  readonly objects?: Partial<ApiObjects>;
}

const NO_RULES: NetfilterFacts = {
  nft: '',
  iptablesNft: { ipv4: '', ipv6: '' },
  iptablesLegacy: { ipv4: '', ipv6: '' },
  ipset: '',
  ipvs: '',
};

/** The facts that collection would return from such nodes, through the parsers for ip and bridge. */
export function factsOf({ nodes, objects }: Fixture): ClusterFacts {
  return {
    format: FACTS_FORMAT,
    collectedAt: '2026-01-01T00:00:00Z',
    nodes: Object.entries(nodes).map(([name, node], at) => {
      const base = 1000 * (at + 1);
      const pods = Object.keys(node.pods);
      return {
        name,
        collectedAt: '2026-01-01T00:00:00Z',
        kernel: '6.1',
        hostInode: base,
        namespaces: [
          { ...namespaceOf(node, node, undefined), inode: base, owner: { kind: 'host' as const } },
          ...pods.map((pod, index) => ({
            ...namespaceOf(node.pods[pod] as FixtureNamespace, node, pod),
            inode: base + index + 1,
            netnsid: index,
            owner: { kind: 'pod' as const, uid: pod, name: pod, namespace: 'default' },
          })),
        ],
        processes: [],
        sandboxes: [],
        tools: [],
        unknown: [],
      };
    }),
    objects: {
      nodes: Object.entries(nodes).map(([name, { address, podCidrs = [] }]) => ({
        name,
        ready: true,
        addresses: [{ type: 'InternalIP', address }],
        podCidrs,
        labels: {},
        annotations: {},
      })),
      pods: Object.entries(nodes).flatMap(([node, { pods }]) =>
        Object.entries(pods).map(([name, { ip }]) => podObject(name, node, [ip])),
      ),
      services: [],
      endpointSlices: [],
      networkPolicies: [],
      ...objects,
    },
    unknown: [],
  };
}

/** A running pod as in the API server. */
export function podObject(
  name: string,
  node: string,
  addresses: readonly string[],
  more: Partial<PodObject> = {},
): PodObject {
  return {
    namespace: 'default',
    name,
    uid: name,
    node,
    hostNetwork: false,
    phase: 'Running',
    ready: true,
    terminating: false,
    addresses,
    labels: {},
    containers: [],
    annotations: {},
    ...more,
  };
}

function namespaceOf(
  network: FixtureNamespace,
  node: FixtureNode,
  pod: string | undefined,
): Omit<NetworkNamespace, 'inode' | 'owner'> {
  const { links, routes, rules, neighbours = '', fdb = '', sysctls = {}, filters = {} } = network;
  return {
    processCount: 1,
    mounts: [],
    links: linksOf([
      { ...LOOPBACK },
      ...links.map((link, at) => linkRecord(link, at + 2, node, pod)),
    ]),
    routes: routesOf(linesOf(`${localRoutes(links)}\n${routes}`).map(routeRecord)),
    rules: routingRulesOf(linesOf(rules ?? KERNEL_RULES).map(ruleRecord), 'inet'),
    neighbours: neighboursOf(linesOf(neighbours).map(neighbourRecord)),
    fdb: parseFdb(JSON.stringify(linesOf(fdb).map(fdbRecord))),
    qdiscs: Object.entries(filters).map(
      ([device, text]): Qdisc => ({
        device,
        kind: 'clsact',
        dropped: 0,
        overlimits: 0,
        backlogPackets: 0,
        filters: linesOf(text),
      }),
    ),
    sysctls: {
      'ipv4/ip_forward': '1',
      'ipv6/conf/all/forwarding': '1',
      'ipv4/conf/all/proxy_arp': '0',
      ...sysctls,
    },
    listeners: [{ protocol: 'tcp', address: '0.0.0.0', port: 80, receiveQueue: 0 }],
    netfilter: network.netfilter ?? NO_RULES,
    answers: [],
    unknown: [],
  };
}

/** The kernel's own routes to the addresses of a namespace. */
function localRoutes(links: readonly FixtureLink[]): string {
  return links
    .flatMap(({ name, addresses = [] }) =>
      addresses.map(
        (prefix) => `local ${prefix.split('/')[0]} dev ${name} table local proto kernel`,
      ),
    )
    .join('\n');
}

const LOOPBACK: IpRecord = {
  ifindex: 1,
  ifname: 'lo',
  flags: ['LOOPBACK', 'UP', 'LOWER_UP'],
  mtu: 65536,
  operstate: 'UNKNOWN',
  link_type: 'loopback',
  address: '00:00:00:00:00:00',
  addr_info: [{ family: 'inet', local: '127.0.0.1', prefixlen: 8, scope: 'host' }],
};

function linkRecord(
  link: FixtureLink,
  ifindex: number,
  node: FixtureNode,
  pod: string | undefined,
): IpRecord {
  const { name, kind, mtu = 1500, mac, master, data, down = false } = link;
  const flags = link.flags ?? ['BROADCAST', 'MULTICAST'];
  return {
    ifindex,
    ifname: name,
    flags: down ? flags : [...flags, 'UP', 'LOWER_UP'],
    mtu,
    operstate: down ? 'DOWN' : 'UP',
    link_type: link.type ?? 'ether',
    address: mac ?? `02:00:00:00:${pod === undefined ? '00' : '01'}:${hex(ifindex)}`,
    ...(master !== undefined && { master }),
    ...otherEnd(link, node, pod),
    linkinfo: {
      ...(kind !== undefined && { info_kind: kind }),
      ...(data !== undefined && { info_data: data }),
      ...(master !== undefined && {
        info_slave_kind: 'bridge',
        info_slave_data: { state: 'forwarding', hairpin: true },
      }),
    },
    addr_info: (link.addresses ?? []).map((text) => {
      const [local, length] = text.split('/');
      const family = text.includes(':') ? 'inet6' : 'inet';
      return { family, local, prefixlen: Number(length), scope: 'global' };
    }),
  };
}

/** The references of a veth and of stacked devices, numbered as in the kernel. */
function otherEnd(link: FixtureLink, node: FixtureNode, pod: string | undefined): IpRecord {
  if (link.link !== undefined) return { link: link.link };
  if (link.below !== undefined) {
    const at = node.links.findIndex(({ name }) => name === link.below);
    return { link_index: at + 2, link_netnsid: 0 };
  }
  if (link.pod !== undefined) {
    const names = Object.keys(node.pods);
    const inside = node.pods[link.pod]?.links ?? [];
    const at = inside.findIndex(({ name }) => name === (link.podDevice ?? 'eth0'));
    return { link_index: at + 2, link_netnsid: names.indexOf(link.pod) };
  }
  if (pod === undefined || (link.kind !== 'veth' && link.kind !== 'netkit')) return {};
  const at = node.links.findIndex(
    (candidate) => candidate.pod === pod && (candidate.podDevice ?? 'eth0') === link.name,
  );
  return { link_index: at + 2, link_netnsid: 0 };
}

function hex(value: number): string {
  return value.toString(16).padStart(2, '0');
}

const KERNEL_RULES = `
0: from all lookup local
32766: from all lookup main
32767: from all lookup default`;

function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

const TYPES = ['blackhole', 'unreachable', 'prohibit', 'local', 'throw'];

/** The value after each name, from words like `via 10.0.0.1 dev eth0 onlink`. */
function valuesOf(words: readonly string[]): (name: string) => string | undefined {
  return (name) => {
    const at = words.indexOf(name);
    return at < 0 ? undefined : words[at + 1];
  };
}

function routeRecord(line: string): IpRecord {
  const all = line.split(/\s+/);
  const type = TYPES.includes(all[0] ?? '') ? all[0] : 'unicast';
  const words = type === 'unicast' ? all : all.slice(1);
  const value = valuesOf(words);
  const metric = value('metric');
  return {
    type,
    dst: words[0],
    ...(value('via') && { gateway: value('via') }),
    ...(value('dev') && { dev: value('dev') }),
    ...(value('proto') && { protocol: value('proto') }),
    ...(value('scope') && { scope: value('scope') }),
    ...(value('src') && { prefsrc: value('src') }),
    ...(value('table') && { table: value('table') }),
    ...(metric && { metric: Number(metric) }),
    flags: words.includes('onlink') ? ['onlink'] : [],
  };
}

function ruleRecord(line: string): IpRecord {
  const words = line.split(/\s+/);
  const value = valuesOf(words);
  const [mark, mask] = value('fwmark')?.split('/') ?? [];
  return {
    priority: Number.parseInt(line, 10),
    src: value('from') ?? 'all',
    ...(value('to') && { dst: value('to') }),
    ...(value('iif') && { iif: value('iif') }),
    ...(mark && { fwmark: mark }),
    ...(mask && { fwmask: mask }),
    table: value('lookup'),
  };
}

function neighbourRecord(line: string): IpRecord {
  const words = line.split(/\s+/);
  const value = valuesOf(words);
  return {
    dst: words[0],
    dev: value('dev'),
    ...(value('lladdr') && { lladdr: value('lladdr') }),
    state: [words.at(-1)],
  };
}

function fdbRecord(line: string): IpRecord {
  const words = line.split(/\s+/);
  const value = valuesOf(words);
  return {
    mac: words[0],
    ifname: value('dev'),
    ...(value('dst') && { dst: value('dst') }),
    ...(value('master') && { master: value('master') }),
    flags: words.includes('self') ? ['self'] : [],
    state: words.includes('permanent') ? 'permanent' : '',
  };
}
