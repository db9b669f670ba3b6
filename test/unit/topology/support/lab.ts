import { parseFdb } from '../../../../src/tools/ip/fdb.ts';
import { linksOf } from '../../../../src/tools/ip/link.ts';
import { neighboursOf } from '../../../../src/tools/ip/neighbour.ts';
import { parseIpRecords } from '../../../../src/tools/ip/records.ts';
import { routesOf } from '../../../../src/tools/ip/route.ts';
import { parseRules } from '../../../../src/tools/ip/rule.ts';
import { parseListeners } from '../../../../src/tools/listeners.ts';
import type { ApiObjects } from '../../../../src/topology/model/apiObjects.ts';
import { type ClusterFacts, FACTS_FORMAT } from '../../../../src/topology/model/clusterFacts.ts';
import type { NetworkNamespace } from '../../../../src/topology/model/networkNamespace.ts';
import { podObject } from './fixture.ts';
import { inNamespaces, sectionsOf } from './namespaces.ts';

/** A cluster of namespaces: nodes with the names of their pods; each node and pod is a namespace with its name. */
export interface Lab {
  readonly nodes: Readonly<Record<string, LabNode>>;
  /** Scripts for the existing namespaces of nodes and pods; facts are read after each stage. */
  readonly stages: readonly string[];
  /** Also read the rules. */
  readonly rules?: boolean;
  readonly objects?: Partial<ApiObjects>;
}

interface LabNode {
  readonly address: string;
  readonly podCidrs: readonly string[];
  /** Addresses of pods by name. */
  readonly pods: Readonly<Record<string, readonly string[]>>;
}

const SYSCTLS =
  'ipv4/ip_forward ipv4/conf/*/forwarding ipv4/conf/*/rp_filter ipv4/conf/*/proxy_arp ipv4/conf/*/arp_ignore ipv6/conf/*/forwarding ipv6/conf/*/force_forwarding ipv6/conf/*/proxy_ndp bridge/bridge-nf-call-iptables';

function dumping(name: string, stage: number, rules: boolean): string {
  const section = (what: string, command: string) =>
    `echo "== ${stage} ${name} ${what}"; ${command} || true`;
  const inside = [
    section('sysctls', `( cd /proc/sys/net && grep -s "" ${SYSCTLS} )`),
    section('tcp', 'cat /proc/net/tcp /proc/net/tcp6'),
    ...(rules
      ? [
          section('nft', 'nft -j list ruleset'),
          section('legacy', 'iptables-legacy-save -c'),
          section('iptables-nft', 'iptables-nft-save -c'),
        ]
      : []),
  ];
  return [
    section('inode', `stat -L -c %i /run/netns/${name}`),
    section('links', `ip -n ${name} -j -d -s addr`),
    section('routes', `ip -n ${name} -j -d route show table all`),
    section('rules4', `ip -n ${name} -j -d rule`),
    section('rules6', `ip -n ${name} -j -d -6 rule`),
    section('neighbours', `ip -n ${name} -j -s neigh`),
    section('fdb', `bridge -n ${name} -j -d -s fdb`),
    section('ids', `ip -n ${name} netns list-id`),
    // Once for all of them, because it makes a mount namespace, which takes long.
    `ip netns exec ${name} sh <<'INSIDE'\n${inside.join('\n')}\nINSIDE`,
  ].join('\n');
}

/** Functions for scripts: `serve POD PORT` listens; `reach POD ADDRESS PORT SECONDS` prints whether it can connect. */
const TRAFFIC = `
serve() {
  ip netns exec $1 socat TCP6-LISTEN:$2,fork,reuseaddr,ipv6only=0 SYSTEM:"echo hello" 2>/dev/null &
  until ip netns exec $1 grep -q ":$(printf %04X $2) .* 0A " /proc/net/tcp6; do sleep 0.02; done
}
reach() {
  case $2 in *:*) to=TCP6:[$2]:$3 ;; *) to=TCP4:$2:$3 ;; esac
  echo "== $stage reach $1 $2"; timeout $4 ip netns exec $1 socat -u $to - 2>/dev/null || echo failed
}
`;

/** The facts after a stage, and the results of `reach` in it, by `POD ADDRESS`. */
export interface StageResult {
  readonly facts: ClusterFacts;
  readonly reached: ReadonlyMap<string, boolean>;
}

/** Runs the stages and returns the facts after each, read in the same way as by the collection. */
export async function runLab(lab: Lab): Promise<StageResult[]> {
  const names = Object.entries(lab.nodes).flatMap(([node, { pods }]) => [
    node,
    ...Object.keys(pods),
  ]);
  const output = await inNamespaces(
    [
      ...names.map((name) => `ip netns add ${name}; ip -n ${name} link set lo up`),
      TRAFFIC,
      ...lab.stages.flatMap((script, stage) => [
        `stage=${stage}`,
        script,
        ...names.map((name) => dumping(name, stage, lab.rules === true)),
      ]),
    ].join('\n'),
  );
  const sections = sectionsOf(output);
  return lab.stages.map((_, stage) => resultOf(lab, sections, stage));
}

function resultOf(lab: Lab, sections: ReadonlyMap<string, string>, stage: number): StageResult {
  const of = (name: string, what: string) => sections.get(`${stage} ${name} ${what}`) ?? '';
  const recordsOf = (name: string, what: string) => parseIpRecords(of(name, what));
  const namespaceOf = (name: string, node: string): NetworkNamespace => {
    const id = new RegExp(`nsid (\\d+).*iproute2 netns name: ${name}\\b`).exec(
      of(node, 'ids'),
    )?.[1];
    const save = (what: string) => ({ ipv4: of(name, what), ipv6: '' });
    return {
      inode: Number(of(name, 'inode')),
      owner:
        name === node ? { kind: 'host' } : { kind: 'pod', name, namespace: 'default', uid: name },
      processCount: 1,
      ...(id !== undefined && { netnsid: Number(id) }),
      mounts: [],
      links: linksOf(recordsOf(name, 'links')),
      routes: routesOf(recordsOf(name, 'routes')),
      rules: [
        ...parseRules(of(name, 'rules4'), 'inet'),
        ...parseRules(of(name, 'rules6'), 'inet6'),
      ],
      neighbours: neighboursOf(recordsOf(name, 'neighbours')),
      fdb: parseFdb(of(name, 'fdb')),
      sysctls: Object.fromEntries(
        of(name, 'sysctls')
          .split('\n')
          .map((line) => line.split(':') as [string, string])
          .filter(([key]) => key !== ''),
      ),
      listeners: parseListeners(of(name, 'tcp')),
      ...(lab.rules && {
        netfilter: {
          nft: of(name, 'nft'),
          iptablesNft: save('iptables-nft'),
          iptablesLegacy: save('legacy'),
          ipvs: '',
          ipset: '',
        },
      }),
      answers: [],
      unknown: [],
    };
  };
  const pods = Object.entries(lab.nodes).flatMap(([node, labNode]) =>
    Object.entries(labNode.pods).map(([name, addresses]) =>
      podObject(name, node, addresses, { labels: { app: name } }),
    ),
  );
  const reached = new Map(
    [...sections]
      .filter(([name]) => name.startsWith(`${stage} reach `))
      .map(([name, text]) => [name.slice(`${stage} reach `.length), text.startsWith('hello')]),
  );
  const facts: ClusterFacts = {
    format: FACTS_FORMAT,
    collectedAt: '2026-01-01T00:00:00Z',
    nodes: Object.entries(lab.nodes).map(([name, labNode]) => {
      const namespaces = [name, ...Object.keys(labNode.pods)].map((netnsName) =>
        namespaceOf(netnsName, name),
      );
      return {
        name,
        collectedAt: '2026-01-01T00:00:00Z',
        kernel: '6.1',
        hostInode: namespaces[0]?.inode ?? 0,
        namespaces,
        processes: [],
        sandboxes: [],
        runtime: { folders: [], ids: [] },
        tools: [],
        unknown: [],
      } as unknown as ClusterFacts['nodes'][number];
    }),
    objects: {
      nodes: Object.entries(lab.nodes).map(([name, { address, podCidrs }]) => ({
        name,
        ready: true,
        addresses: [{ type: 'InternalIP', address }],
        podCidrs,
        labels: {},
        annotations: {},
      })),
      pods,
      services: [],
      endpointSlices: [],
      networkPolicies: [],
      ...lab.objects,
    },
    unknown: [],
  };
  return { facts, reached };
}

/** Two nodes on one link, each with eth0 192.168.7.10 or .11 and the router 192.168.7.1. */
export const WIRE = `
ip link add wire type bridge; ip link set wire up; ip addr add 192.168.7.1/24 dev wire
for node in a:10 b:11; do
  name=node-\${node%:*}
  ip link add up-\${node%:*} type veth peer name eth0 netns $name
  ip link set up-\${node%:*} master wire up
  ip -n $name addr add 192.168.7.\${node#*:}/24 dev eth0; ip -n $name link set eth0 up
  ip -n $name route add default via 192.168.7.1
  ip netns exec $name sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
done
`;

/** Bridges and a VXLAN like flannel's: pods a1, a2 on node-a and b1 on node-b. */
export const FLANNEL_NODES: Lab['nodes'] = {
  'node-a': {
    address: '192.168.7.10',
    podCidrs: ['10.244.1.0/24'],
    pods: { a1: ['10.244.1.2'], a2: ['10.244.1.3'] },
  },
  'node-b': { address: '192.168.7.11', podCidrs: ['10.244.2.0/24'], pods: { b1: ['10.244.2.2'] } },
};

/** Device names that no plugin uses. */
export const FLANNEL = `${WIRE}
ip -n node-a link add tun9 address 02:00:00:00:00:0a mtu 1450 type vxlan id 1 dev eth0 local 192.168.7.10 dstport 8472 nolearning
ip -n node-b link add tun9 address 02:00:00:00:00:0b mtu 1450 type vxlan id 1 dev eth0 local 192.168.7.11 dstport 8472 nolearning
for node in a:1:2 b:2:1; do
  set -- $(echo $node | tr : ' ')
  far=$([ $1 = a ] && echo b || echo a); last=$([ $1 = a ] && echo 11 || echo 10)
  ip -n node-$1 addr add 10.244.$2.0/32 dev tun9; ip -n node-$1 link set tun9 up
  ip -n node-$1 neigh add 10.244.$3.0 lladdr 02:00:00:00:00:0$far dev tun9 nud permanent
  bridge -n node-$1 fdb append 02:00:00:00:00:0$far dev tun9 dst 192.168.7.$last self permanent
  ip -n node-$1 route add 10.244.$3.0/24 via 10.244.$3.0 dev tun9 onlink
  ip -n node-$1 link add sw0 mtu 1450 type bridge; ip -n node-$1 addr add 10.244.$2.1/24 dev sw0; ip -n node-$1 link set sw0 up
done
for pod in a1:a:1.2 a2:a:1.3 b1:b:2.2; do
  set -- $(echo $pod | tr : ' ')
  ip -n node-$2 link add p-$1 mtu 1450 type veth peer name eth0 mtu 1450 netns $1
  ip -n node-$2 link set p-$1 master sw0 up
  bridge -n node-$2 link set dev p-$1 hairpin on
  ip -n $1 addr add 10.244.$3/24 dev eth0; ip -n $1 link set eth0 up
  ip -n $1 route add default via 10.244.\${3%.*}.1
done
`;
