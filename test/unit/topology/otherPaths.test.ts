import { describe, expect, it } from 'vitest';
import type { ApiObjects } from '../../../src/topology/model/apiObjects.ts';
import { FLANNEL, FLANNEL_NODES, type Lab, runLab, type StageResult, WIRE } from './support/lab.ts';
import { devicesOf, pathBetween } from './support/pathBetween.ts';

async function stagesOf(lab: Lab): Promise<StageResult[]> {
  const results = await runLab(lab);
  expect(results.length).toBe(lab.stages.length);
  return results;
}

const kinds = ({ facts }: StageResult, from: string, to: string, port?: number) =>
  pathBetween(facts, from, to, port)
    .findings.filter(({ causedBy }) => causedBy === undefined)
    .map(({ kind }) => kind);

/**
 * One veth per pod without a bridge, a gateway address that belongs to no device, routes between the nodes: as in
 * Calico.
 */
const ROUTED = `${WIRE}
for pod in a1:a:1.2:11:2 b1:b:2.2:10:1; do
  set -- $(echo $pod | tr : ' ')
  ip -n node-$2 link add cali$1 type veth peer name eth0 netns $1
  ip -n node-$2 link set cali$1 address ee:ee:ee:ee:ee:ee up
  ip netns exec node-$2 sysctl -qw net.ipv4.conf.cali$1.proxy_arp=1 net.ipv6.conf.cali$1.proxy_ndp=1
  ip -n $1 addr add 10.244.$3/32 dev eth0; ip -n $1 link set eth0 up
  ip -n $1 route add 169.254.1.1 dev eth0 scope link; ip -n $1 route add default via 169.254.1.1 dev eth0
  ip -n node-$2 route add 10.244.$3 dev cali$1 scope link
  ip -n node-$2 route add blackhole 10.244.\${3%.*}.0/26 proto 80
  ip -n node-$2 route add 10.244.$5.0/26 via 192.168.7.$4 dev eth0 proto 80
done
`;
const ROUTED_NODES: Lab['nodes'] = {
  'node-a': { address: '192.168.7.10', podCidrs: [], pods: { a1: ['10.244.1.2'] } },
  'node-b': { address: '192.168.7.11', podCidrs: [], pods: { b1: ['10.244.2.2'] } },
};

describe('routed veths', () => {
  it('are followed, and their faults are found', async () => {
    const reach = 'reach a1 10.244.2.2 80 0.5';
    const [healthy, noRoute, noProxy, down] = await stagesOf({
      nodes: ROUTED_NODES,
      rules: true,
      stages: [
        `${ROUTED}\nserve b1 80\nreach a1 10.244.2.2 80 3`,
        `ip -n node-b route del 10.244.2.2\n${reach}`,
        `ip -n node-b route add 10.244.2.2 dev calib1 scope link
         ip netns exec node-a sysctl -qw net.ipv4.conf.calia1.proxy_arp=0; ip -n a1 neigh flush all\n${reach}`,
        `ip netns exec node-a sysctl -qw net.ipv4.conf.calia1.proxy_arp=1; ip -n node-b link set calib1 down\n${reach}`,
      ],
    });
    if (!healthy || !noRoute || !noProxy || !down) throw new Error('no facts');
    expect(healthy.reached.get('a1 10.244.2.2')).toBe(true);
    const { trace } = pathBetween(healthy.facts, 'a1', 'b1');
    expect(devicesOf(trace, 0)).toEqual([
      ...['a1:eth0', 'node-a:calia1', 'node-a:eth0'],
      ...['node-b:eth0', 'node-b:calib1', 'b1:eth0'],
    ]);
    expect(devicesOf(trace, 1)).toEqual(devicesOf(trace, 0).toReversed());
    expect(kinds(healthy, 'a1', 'b1')).toEqual([]);
    for (const broken of [noRoute, noProxy, down]) {
      expect(broken.reached.get('a1 10.244.2.2')).toBe(false);
    }
    expect(kinds(noRoute, 'a1', 'b1')).toEqual(['route-blocked']);
    expect(kinds(noProxy, 'a1', 'b1')).toEqual(['gateway-unreachable']);
    expect(kinds(down, 'a1', 'b1')).toEqual(['link-down']);
  });
});

/** Bridges with only IPv6, and a learning VXLAN between the nodes. */
const LEARNING6 = `${WIRE}
for node in a:10:1:2 b:11:2:1; do
  set -- $(echo $node | tr : ' ')
  ip -n node-$1 -6 addr add fd00:7::$2/64 dev eth0 nodad
  far=$([ $1 = a ] && echo 11 || echo 10)
  ip -n node-$1 link add tun9 type vxlan id 7 remote 192.168.7.$far dev eth0 dstport 4789
  ip -n node-$1 link set tun9 mtu 1400 up; ip -n node-$1 -6 addr add fd00:9::$3/64 dev tun9 nodad
  ip -n node-$1 -6 route add fd00:$4::/64 via fd00:9::$4 dev tun9
  ip -n node-$1 link add sw0 type bridge; ip -n node-$1 link set sw0 mtu 1400 up; ip -n node-$1 -6 addr add fd00:$3::1/64 dev sw0 nodad
  ip -n node-$1 link add p-1 mtu 1400 type veth peer name eth0 mtu 1400 netns \${1}1
  ip -n node-$1 link set p-1 master sw0 up
  ip -n \${1}1 -6 addr add fd00:$3::2/64 dev eth0 nodad; ip -n \${1}1 link set eth0 up
  ip -n \${1}1 -6 route add default via fd00:$3::1
done
`;

describe('IPv6 through a learning VXLAN', () => {
  it('is followed, and disabled forwarding is found', async () => {
    const [healthy, off] = await stagesOf({
      nodes: {
        'node-a': {
          address: '192.168.7.10',
          podCidrs: ['fd00:1::/64'],
          pods: { a1: ['fd00:1::2'] },
        },
        'node-b': {
          address: '192.168.7.11',
          podCidrs: ['fd00:2::/64'],
          pods: { b1: ['fd00:2::2'] },
        },
      },
      rules: true,
      stages: [
        `${LEARNING6}\nserve b1 80\nsleep 0.5\nreach a1 fd00:2::2 80 3`,
        'ip netns exec node-b sysctl -qw net.ipv6.conf.all.forwarding=0\nreach a1 fd00:2::2 80 0.5',
      ],
    });
    if (!healthy || !off) throw new Error('no facts');
    expect(healthy.reached.get('a1 fd00:2::2')).toBe(true);
    const { trace, findings } = pathBetween(healthy.facts, 'a1', 'b1');
    expect(devicesOf(trace, 0)).toEqual([
      ...['a1:eth0', 'node-a:p-1', 'node-a:sw0', 'node-a:tun9', 'node-a:eth0'],
      ...['node-b:eth0', 'node-b:tun9', 'node-b:sw0', 'node-b:p-1', 'b1:eth0'],
    ]);
    expect(findings).toEqual([]);
    expect(off.reached.get('a1 fd00:2::2')).toBe(false);
    expect(kinds(off, 'a1', 'b1')).toEqual(['forwarding-off']);
  });
});

/** Service web on 10.96.0.10:80 with one endpoint, in kube-proxy's form, on both nodes. */
function serviceRules(endpoint: string): string {
  const rules = `*nat
:KUBE-SERVICES - [0:0]
:KUBE-SVC-A - [0:0]
:KUBE-SEP-A - [0:0]
:KUBE-MARK-MASQ - [0:0]
:KUBE-POSTROUTING - [0:0]
-A PREROUTING -j KUBE-SERVICES
-A OUTPUT -j KUBE-SERVICES
-A POSTROUTING -j KUBE-POSTROUTING
-A KUBE-SERVICES -d 10.96.0.10/32 -p tcp -m comment --comment "default/web:http cluster IP" -m tcp --dport 80 -j KUBE-SVC-A
-A KUBE-SVC-A -m comment --comment "default/web:http -> ${endpoint}" -j KUBE-SEP-A
-A KUBE-SEP-A -s ${endpoint.split(':')[0]}/32 -j KUBE-MARK-MASQ
-A KUBE-SEP-A -p tcp -m tcp -j DNAT --to-destination ${endpoint}
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MASQUERADE
COMMIT
`;
  return `for node in a b; do ip netns exec node-$node iptables-legacy-restore <<'RULES'\n${rules}RULES\ndone`;
}

function service(
  backends: readonly { address: string; node: string; ready: boolean }[],
): Partial<ApiObjects> {
  return {
    services: [
      {
        namespace: 'default',
        name: 'web',
        type: 'ClusterIP',
        clusterAddresses: ['10.96.0.10'],
        externalAddresses: [],
        loadBalancerAddresses: [],
        sourceRanges: [],
        selector: { app: 'web' },
        ports: [{ name: 'http', protocol: 'TCP', port: 80, targetPort: 8080 }],
        publishNotReadyAddresses: false,
      },
    ],
    endpointSlices: [
      {
        namespace: 'default',
        name: 'web-1',
        service: 'web',
        addressType: 'IPv4',
        ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
        endpoints: backends.map(({ address, node, ready }) => ({
          addresses: [address],
          node,
          ready,
          serving: ready,
          terminating: false,
        })),
      },
    ],
  };
}

describe('a service', () => {
  it('leads to its endpoint on another node', async () => {
    const [result] = await stagesOf({
      nodes: FLANNEL_NODES,
      rules: true,
      objects: service([{ address: '10.244.2.2', node: 'node-b', ready: true }]),
      stages: [
        `${FLANNEL}\n${serviceRules('10.244.2.2:8080')}\nserve b1 8080\nreach a1 10.96.0.10 80 3`,
      ],
    });
    if (!result) throw new Error('no facts');
    expect(result.reached.get('a1 10.96.0.10')).toBe(true);
    const { trace, findings } = pathBetween(result.facts, 'a1', 'svc/web', 80);
    expect(findings).toEqual([]);
    expect(trace.paths.map(({ end }) => end)).toEqual(['delivered', 'delivered']);
    expect(trace.paths[0]?.nat).toMatchObject([
      { kind: 'dnat', to: '10.244.2.2:8080', service: 'default/web:http' },
    ]);
  });

  it('on the same bridge requires bridges to call iptables', async () => {
    const [result] = await stagesOf({
      nodes: FLANNEL_NODES,
      rules: true,
      objects: service([{ address: '10.244.1.3', node: 'node-a', ready: true }]),
      stages: [
        `${FLANNEL}\n${serviceRules('10.244.1.3:8080')}\nserve a2 8080\nreach a1 10.96.0.10 80 1`,
      ],
    });
    if (!result) throw new Error('no facts');
    const isReached = result.reached.get('a1 10.96.0.10') === true;
    expect(kinds(result, 'a1', 'svc/web', 80)).toEqual(isReached ? [] : ['bridge-nf-off']);
  });

  it('leads back to the same pod only with hairpin mode; nowhere without endpoints, rules or listeners', async () => {
    const objects = service([{ address: '10.244.1.2', node: 'node-a', ready: true }]);
    const [hairpin, withoutHairpin] = await stagesOf({
      nodes: FLANNEL_NODES,
      rules: true,
      objects,
      stages: [
        `${FLANNEL}\n${serviceRules('10.244.1.2:8080')}\nserve a1 8080\nreach a1 10.96.0.10 80 3`,
        'bridge -n node-a link set dev p-a1 hairpin off; reach a1 10.96.0.10 80 0.5',
      ],
    });
    if (!hairpin || !withoutHairpin) throw new Error('no facts');
    expect(hairpin.reached.get('a1 10.96.0.10')).toBe(true);
    expect(kinds(hairpin, 'a1', 'svc/web', 80)).toEqual([]);
    expect(withoutHairpin.reached.get('a1 10.96.0.10')).toBe(false);
    expect(kinds(withoutHairpin, 'a1', 'svc/web', 80)).toEqual(['hairpin-off']);
    const withObjects = (changed: Partial<ApiObjects>) => ({
      ...hairpin,
      facts: { ...hairpin.facts, objects: { ...hairpin.facts.objects, ...changed } },
    });
    const unready = service([{ address: '10.244.1.2', node: 'node-a', ready: false }]);
    expect(kinds(withObjects(unready), 'a1', 'svc/web', 80)).toEqual(['service-no-endpoints']);
    expect(kinds(hairpin, 'a1', 'svc/web', 81)).toEqual(['service-port-missing']);
    expect(kinds(hairpin, 'a2', 'a1', 9999)).toEqual(['no-listener']);
  });
});
