import { describe, expect, it } from 'vitest';
import { type Fixture, type FixtureNamespace, factsOf } from './support/fixture.ts';
import { BRIDGED } from './support/fixtures/bridged.ts';
import { ROUTED } from './support/fixtures/routed.ts';
import { SEPARATED } from './support/fixtures/separated.ts';
import { devicesOf, pathBetween } from './support/pathBetween.ts';

const FIXTURES: Readonly<Record<string, Fixture>> = { ...BRIDGED, ...ROUTED, ...SEPARATED };

/** Plugins whose tables are sufficient, those with an uncertain step on the path, and those that cannot be followed. */
const KNOWN = [
  ...['FLANNEL_HOST_GW', 'FLANNEL_IPIP', 'KUBE_ROUTER', 'AZURE_BRIDGE', 'MULTUS', 'KINDNET'],
  ...['CALICO_BGP', 'CALICO_IPIP', 'CALICO_VXLAN', 'IPVLAN_BOND', 'VRF', 'AWS_ONE_NODE'],
];
const UNKNOWN = {
  ANTREA: 'Open vSwitch',
  OVN: 'Open vSwitch',
  WEAVE: 'veth device',
  CALICO_EBPF: 'eBPF of Calico',
  CILIUM_VXLAN: 'eBPF of Cilium',
  CILIUM_NETKIT: 'eBPF program',
  AWS_VPC: 'router 192.168.7.1',
  GKE: 'router 192.168.7.1',
};

const trace = (fixture: Fixture, from = 'a1', to = 'b1') =>
  pathBetween(factsOf(fixture), from, to, 80);

describe('nodes as set up by network plugins', () => {
  it.each(KNOWN)('are followed from pod to pod and back, without findings: %s', (name) => {
    const { trace: path, findings } = trace(FIXTURES[name] as Fixture);
    expect(findings).toEqual([]);
    expect(path.paths.map(({ end }) => end)).toEqual(['delivered', 'delivered']);
    expect(path.paths.flatMap(({ unknown }) => unknown)).toEqual([]);
    expect(devicesOf(path, 0)[0]).toBe('a1:eth0');
    expect(devicesOf(path, 0).at(-1)).toBe('b1:eth0');
  });

  it.each(Object.entries(UNKNOWN))(
    'are unknown from the point where tables are not sufficient: %s',
    (name, what) => {
      const { trace: path, findings } = trace(FIXTURES[name] as Fixture);
      expect(findings).toEqual([]);
      expect(path.paths.map(({ end }) => end)).toEqual(['unknown', 'unknown']);
      expect(path.paths[0]?.unknown.map((doubt) => doubt.what)).toContain(what);
    },
  );

  it.each(Object.keys(FIXTURES))(
    'have no findings if one of them could not be read: %s',
    (name) => {
      const facts = factsOf(FIXTURES[name] as Fixture);
      for (const { name: unread } of facts.nodes) {
        const nodes = facts.nodes.filter((node) => node.name !== unread);
        expect(pathBetween({ ...facts, nodes }, 'a1', 'b1', 80).findings, unread).toEqual([]);
      }
    },
  );

  it('are followed with an uncertain step if WireGuard chooses the peer', () => {
    const { trace: path, findings } = trace(BRIDGED.FLANNEL_WIREGUARD);
    expect(findings).toEqual([]);
    expect(path.paths.map(({ end }) => end)).toEqual(['delivered', 'delivered']);
    expect(path.paths[0]?.unknown.map(({ what }) => what)).toEqual(['WireGuard peer']);
  });

  it('are followed through the second interface of a pod, from its own address', () => {
    const { trace: path } = trace(BRIDGED.MULTUS, 'a1', '172.20.0.2');
    expect(path.source).toBe('172.20.0.1');
    expect(devicesOf(path, 0)).toEqual(['a1:net1', 'node-a:eth0', 'node-b:eth0', 'b1:net1']);
    expect(devicesOf(path, 1)).toEqual(devicesOf(path, 0).toReversed());
  });

  it('are followed from a node, with the address of the outgoing tunnel', () => {
    const { trace: path, findings } = trace(ROUTED.CALICO_IPIP, 'node/node-a', 'b1');
    expect(findings).toEqual([]);
    expect(path.source).toBe('10.244.1.1');
    expect(path.paths.map(({ end }) => end)).toEqual(['delivered', 'delivered']);
  });

  it.each(Object.keys(FIXTURES).filter((name) => name !== 'VRF'))(
    'have a path to the outside: %s',
    (name) => {
      const { trace: path, findings } = trace(FIXTURES[name] as Fixture, 'a1', '203.0.113.9');
      expect(findings).toEqual([]);
      expect(['left', 'unknown']).toContain(path.paths[0]?.end);
    },
  );
});

type Place = 'a1' | 'b1' | 'node-a' | 'node-b';

/** The fixture with one namespace changed. */
function changed(
  fixture: Fixture,
  place: Place,
  change: (network: FixtureNamespace) => FixtureNamespace,
): Fixture {
  const nodes = Object.entries(fixture.nodes).map(([name, node]) => {
    if (name === place) return [name, { ...node, ...change(node) }];
    const pod = node.pods[place];
    if (pod === undefined) return [name, node];
    return [name, { ...node, pods: { ...node.pods, [place]: { ...pod, ...change(pod) } } }];
  });
  return { ...fixture, nodes: Object.fromEntries(nodes) };
}

/** Without the lines of its routes or rules that contain this text. */
const withoutLines = (text: string) => (network: FixtureNamespace) => {
  const drop = (lines: string) =>
    lines
      .split('\n')
      .filter((line) => !line.includes(text))
      .join('\n');
  return {
    ...network,
    routes: drop(network.routes),
    ...(network.rules !== undefined && { rules: drop(network.rules) }),
  };
};
const device =
  (name: string, values: Partial<FixtureNamespace['links'][number]>) =>
  (network: FixtureNamespace) => ({
    ...network,
    links: network.links.map((link) => (link.name === name ? { ...link, ...values } : link)),
  });
const withoutDevice = (name: string) => (network: FixtureNamespace) => ({
  ...network,
  links: network.links.filter((link) => link.name !== name),
});
const withRerouted = (from: string, to: string) => (network: FixtureNamespace) => ({
  ...network,
  routes: network.routes.replace(from, to),
});
const sysctl = (path: string, value: string) => (network: FixtureNamespace) => ({
  ...network,
  sysctls: { ...network.sysctls, [path]: value },
});

const FAULTS: readonly (readonly [
  fixture: string,
  fault: string,
  place: Place,
  change: (network: FixtureNamespace) => FixtureNamespace,
  kind: string,
])[] = [
  [
    'CALICO_BGP',
    'the route of the pod is gone',
    'node-b',
    withoutLines('dev calib1'),
    'route-blocked',
  ],
  [
    'CALICO_BGP',
    'proxy ARP is off',
    'node-a',
    sysctl('ipv4/conf/calia1/proxy_arp', '0'),
    'gateway-unreachable',
  ],
  [
    'CALICO_BGP',
    'the route to the block of the other node is gone',
    'node-a',
    withoutLines('10.244.2.0/26'),
    'route-missing',
  ],
  ['CALICO_BGP', 'the host end is down', 'node-b', device('calib1', { down: true }), 'link-down'],
  [
    'CALICO_BGP',
    'the node does not forward',
    'node-b',
    sysctl('ipv4/ip_forward', '0'),
    'forwarding-off',
  ],
  ['CALICO_BGP', 'the pod has no default route', 'a1', withoutLines('default'), 'route-missing'],
  [
    'CALICO_IPIP',
    'the tunnel device is down',
    'node-a',
    device('tunl0', { down: true }),
    'link-down',
  ],
  [
    'CALICO_IPIP',
    'the route leads past the tunnel',
    'node-a',
    withRerouted('dev tunl0', 'dev eth0'),
    'route-wrong',
  ],
  [
    'CALICO_IPIP',
    'the other node has no tunnel device',
    'node-b',
    withoutDevice('tunl0'),
    'tunnel-missing',
  ],
  [
    'CALICO_IPIP',
    'the tunnel device is wider than the wire allows',
    'node-a',
    device('tunl0', { mtu: 1500 }),
    'mtu-mismatch',
  ],
  [
    'CALICO_VXLAN',
    'the tunnel has another address',
    'node-b',
    device('vxlan.calico', { mac: '66:00:00:00:00:99' }),
    'stale-vtep-mac',
  ],
  [
    'CALICO_VXLAN',
    'no neighbour entry',
    'node-a',
    (network) => ({ ...network, neighbours: '' }),
    'vtep-neighbour-missing',
  ],
  [
    'CALICO_VXLAN',
    'no forwarding entry',
    'node-a',
    (network) => ({ ...network, fdb: '' }),
    'fdb-missing',
  ],
  [
    'KINDNET',
    'the route to the other node is gone',
    'node-a',
    withoutLines('10.244.2.0/24'),
    'route-missing',
  ],
  [
    'KINDNET',
    'the route of the pod is gone',
    'node-b',
    withoutLines('dev vethb1'),
    'route-missing',
  ],
  [
    'KINDNET',
    'the host end has lost the gateway',
    'node-a',
    device('vetha1', { addresses: [] }),
    'gateway-unreachable',
  ],
  [
    'KINDNET',
    'the pod is smaller than its host end',
    'b1',
    device('eth0', { mtu: 1400 }),
    'mtu-mismatch',
  ],
  ['GKE', 'the route of the pod is gone', 'node-a', withoutLines('dev gkea1'), 'route-missing'],
  ['GKE', 'the pod is down', 'a1', device('eth0', { down: true }), 'link-down'],
  ['FLANNEL_HOST_GW', 'the bridge is down', 'node-b', device('cni0', { down: true }), 'link-down'],
  [
    'FLANNEL_HOST_GW',
    'the host end is no port',
    'node-b',
    (network) => ({
      ...network,
      links: network.links.map(({ master, ...link }) =>
        link.name === 'vethb1' ? link : { ...link, ...(master && { master }) },
      ),
    }),
    'port-detached',
  ],
  [
    'FLANNEL_HOST_GW',
    'the route to the other node is gone',
    'node-a',
    withoutLines('10.244.2.0/24'),
    'route-missing',
  ],
  [
    'FLANNEL_IPIP',
    'the route leads past the tunnel',
    'node-a',
    withRerouted('dev flannel.ipip', 'dev eth0'),
    'route-wrong',
  ],
  [
    'FLANNEL_WIREGUARD',
    'the tunnel device is down',
    'node-a',
    device('flannel-wg', { down: true }),
    'link-down',
  ],
  [
    'FLANNEL_WIREGUARD',
    'the other node has no tunnel device',
    'node-b',
    withoutDevice('flannel-wg'),
    'tunnel-missing',
  ],
  [
    'KUBE_ROUTER',
    'a blackhole',
    'node-a',
    (network) => ({ ...network, routes: `${network.routes}\nblackhole 10.244.2.0/25` }),
    'route-blocked',
  ],
  ['AZURE_BRIDGE', 'the host end is down', 'node-a', device('azva1', { down: true }), 'link-down'],
  [
    'AZURE_BRIDGE',
    'the uplink of the other node is down',
    'node-b',
    device('eth0', { down: true }),
    'link-down',
  ],
  [
    'AWS_ONE_NODE',
    'the rule to the pod is gone',
    'node-a',
    withoutLines('to 192.168.7.102'),
    'route-missing',
  ],
  [
    'AWS_ONE_NODE',
    'the route of the pod is gone',
    'node-a',
    withoutLines('dev enib1'),
    'route-wrong',
  ],
  ['AWS_VPC', 'the pod is down', 'a1', device('eth0', { down: true }), 'link-down'],
  ['MULTUS', 'the host end is down', 'node-a', device('vetha1', { down: true }), 'link-down'],
  ['IPVLAN_BOND', 'the VLAN is down', 'node-b', device('bond0.30', { down: true }), 'link-down'],
  [
    'VRF',
    'the route of the VRF is gone',
    'node-a',
    withoutLines('via 192.168.20.12'),
    'route-blocked',
  ],
  ['OVN', 'the host end is down', 'node-a', device('8b7266486ea2861', { down: true }), 'link-down'],
  ['ANTREA', 'the pod has no default route', 'a1', withoutLines('default'), 'route-missing'],
  ['CILIUM_VXLAN', 'the host end is down', 'node-a', device('lxca1', { down: true }), 'link-down'],
  ['WEAVE', 'the bridge is down', 'node-a', device('weave', { down: true }), 'link-down'],
];

describe('addresses', () => {
  it('of two pods are found, whichever pod is given', () => {
    const { 'node-a': a, 'node-b': b } = BRIDGED.FLANNEL_HOST_GW.nodes;
    if (a === undefined || b?.pods.b1 === undefined) throw new Error('no nodes');
    const duplicated: Fixture = {
      ...BRIDGED.FLANNEL_HOST_GW,
      nodes: {
        'node-a': a,
        'node-b': {
          ...b,
          links: [...b.links, { name: 'vethb2', kind: 'veth', pod: 'b2', master: 'cni0' }],
          pods: { ...b.pods, b2: b.pods.b1 },
        },
      },
    };
    for (const to of ['b1', 'b2']) {
      const { findings } = trace(duplicated, 'a1', to);
      expect(findings.map(({ kind }) => kind)).toEqual(['duplicate-address']);
      expect(findings[0]?.evidence).toContain('default/b1');
      expect(findings[0]?.evidence).toContain('default/b2');
    }
  });

  it('of both families are followed by the given one', () => {
    const { nodes } = BRIDGED.FLANNEL_HOST_GW;
    const withBoth = (name: 'node-a' | 'node-b', n: number, far: number, pod: 'a1' | 'b1') => {
      const node = nodes[name];
      const podNamespace = node?.pods[pod];
      if (node === undefined || podNamespace === undefined) throw new Error(`no ${name}`);
      const [uplink, bridge, ...rest] = node.links;
      const also = (link: typeof uplink, address: string) => ({
        ...(link ?? { name: '' }),
        addresses: [...(link?.addresses ?? []), address],
      });
      return {
        ...node,
        links: [also(uplink, `fd00:7::1${n}/64`), also(bridge, `fd00:${n}::1/64`), ...rest],
        routes: `${node.routes}
          fd00:${n}::/64 dev cni0 proto kernel
          fd00:7::/64 dev eth0 proto kernel
          fd00:${far}::/64 via fd00:7::1${far} dev eth0`,
        pods: {
          [pod]: {
            ...podNamespace,
            links: [also(podNamespace.links[0], `fd00:${n}::2/64`)],
            routes: `${podNamespace.routes}\nfd00:${n}::/64 dev eth0\ndefault via fd00:${n}::1 dev eth0`,
          },
        },
      };
    };
    const both: Fixture = {
      ...BRIDGED.FLANNEL_HOST_GW,
      nodes: { 'node-a': withBoth('node-a', 1, 2, 'a1'), 'node-b': withBoth('node-b', 2, 1, 'b1') },
    };
    const facts = factsOf(both);
    const pods = facts.objects.pods?.map((pod, at) => ({
      ...pod,
      addresses: [...pod.addresses, `fd00:${at + 1}::2`],
    }));
    const dual = { ...facts, objects: { ...facts.objects, pods: pods ?? [] } };
    for (const [to, source] of [
      ['b1', '10.244.1.2'],
      ['fd00:2::2', 'fd00:1::2'],
    ] as const) {
      const { trace: path, findings } = pathBetween(dual, 'a1', to);
      expect(path.source).toBe(source);
      expect(path.paths.map(({ end }) => end)).toEqual(['delivered', 'delivered']);
      expect(findings).toEqual([]);
    }
  });
});

describe('one fault on such nodes', () => {
  it.each(FAULTS)('%s: %s', (name, _fault, place, change, kind) => {
    const { findings } = trace(changed(FIXTURES[name] as Fixture, place, change));
    const independent = findings.filter(({ causedBy }) => causedBy === undefined);
    expect(
      independent.map((finding) => finding.kind),
      JSON.stringify(findings, null, 1),
    ).toEqual([kind]);
    expect(findings[0]?.kind).toBe(kind);
  });
});
