import { describe, it } from 'vitest';
import { FLANNEL, FLANNEL_NODES, type Lab, runLab, WIRE } from './support/lab.ts';
import { pathBetween } from './support/pathBetween.ts';

/**
 * Networks that no known plugin sets up, built only with ip, nft and iptables, and faults in them. Whatever netdebug
 * reports about them must not be wrong: a connection that works has no error, and one that fails has a finding or is
 * unknown.
 */
interface UnusualNetwork {
  readonly name: string;
  readonly nodes: Lab['nodes'];
  readonly to: string;
  readonly from?: string;
  /** The initial set-up, and then each change. */
  readonly setUp: string;
  readonly stages: readonly {
    readonly change: string;
    readonly kinds: readonly string[];
    /** Whether there is no connection. Default: whether there are findings. */
    readonly fails?: true;
    /** Findings that newer programs on the node also make possible. */
    readonly kindsOfNewer?: readonly string[];
  }[];
}

const pods = (
  a1: string,
  b1: string,
  podCidrs: readonly [string, string] = ['10.244.1.0/24', '10.244.2.0/24'],
): Lab['nodes'] => ({
  'node-a': { address: '192.168.7.10', podCidrs: [podCidrs[0]], pods: { a1: [a1] } },
  'node-b': { address: '192.168.7.11', podCidrs: [podCidrs[1]], pods: { b1: [b1] } },
});

/** Routed veths, with only static routes between nodes. */
const ROUTED = `${WIRE}
for pod in a1:a:1.2:11:2 b1:b:2.2:10:1; do
  set -- $(echo $pod | tr : ' ')
  ip -n node-$2 link add h$1 type veth peer name eth0 netns $1
  ip -n node-$2 link set h$1 address ee:ee:ee:ee:ee:ee up
  ip netns exec node-$2 sysctl -qw net.ipv4.conf.h$1.proxy_arp=1
  ip -n $1 addr add 10.244.$3/32 dev eth0; ip -n $1 link set eth0 up
  ip -n $1 route add 169.254.1.1 dev eth0 scope link; ip -n $1 route add default via 169.254.1.1 dev eth0
  ip -n node-$2 route add 10.244.$3 dev h$1 scope link
  ip -n node-$2 route add 10.244.$5.0/24 via 192.168.7.$4 dev eth0
done
`;

/** A second link, and a second device of each node on it. */
const SECOND_WIRE = `
ip link add wire2 type bridge; ip link set wire2 up
for node in a:10 b:11; do
  name=node-\${node%:*}
  ip link add up2-\${node%:*} type veth peer name eth1 netns $name
  ip link set up2-\${node%:*} master wire2 up
  ip -n $name addr add 192.168.8.\${node#*:}/24 dev eth1; ip -n $name link set eth1 up
done
`;

/** IPv6 addresses are checked for duplicates before they can be used (duplicate address detection). */
const SETTLED = `
for name in node-a node-b a1 b1; do
  until [ -z "$(ip -n $name -6 addr show tentative)" ]; do sleep 0.1; done
done
`;

const NETWORKS: readonly UnusualNetwork[] = [
  {
    name: 'a second interface of the node for some pods, chosen by source rules (AWS)',
    nodes: pods('10.244.1.2', '10.244.2.2'),
    to: '10.244.2.2',
    setUp: `${ROUTED}${SECOND_WIRE}
      ip -n node-a rule add pref 512 to 10.244.1.2 lookup main
      ip -n node-a rule add pref 1536 from 10.244.1.2 lookup 2
      ip -n node-a route add 10.244.2.0/24 via 192.168.8.11 dev eth1 table 2
      ip -n node-b rule add pref 1536 from 10.244.2.2 lookup 2
      ip -n node-b route add 10.244.1.0/24 via 192.168.8.10 dev eth1 table 2`,
    stages: [
      { change: '', kinds: [] },
      {
        change:
          'ip -n node-a route del 10.244.2.0/24 table 2; ip -n node-a route add blackhole 10.244.2.0/24 table 2',
        kinds: ['route-blocked'],
      },
      {
        change:
          'ip -n node-a route replace 10.244.2.0/24 via 192.168.8.11 dev eth1 table 2; ip -n node-b link set eth1 down',
        kinds: ['link-down'],
      },
      // Its answers leave through the first link, so strict filters treat them as forged.
      {
        change:
          'ip -n node-b link set eth1 up; ip -n node-b rule del pref 1536; ip netns exec node-b sysctl -qw net.ipv4.conf.eth1.rp_filter=1',
        kinds: ['rp-filter'],
      },
    ],
  },
  {
    name: 'equal-cost routes over two links',
    nodes: pods('10.244.1.2', '10.244.2.2'),
    to: '10.244.2.2',
    setUp: `${ROUTED}${SECOND_WIRE}
      ip -n node-a route replace 10.244.2.0/24 nexthop via 192.168.7.11 dev eth0 nexthop via 192.168.8.11 dev eth1
      ip -n node-b route replace 10.244.1.0/24 nexthop via 192.168.7.10 dev eth0 nexthop via 192.168.8.10 dev eth1`,
    stages: [
      { change: '', kinds: [] },
      {
        change: 'ip -n node-a link set eth0 down; ip -n node-a link set eth1 down',
        kinds: ['link-down'],
      },
    ],
  },
  {
    name: 'a rule that routes one port differently',
    nodes: pods('10.244.1.2', '10.244.2.2'),
    to: '10.244.2.2',
    setUp: `${ROUTED}
      ip -n node-a rule add pref 100 ipproto tcp dport 80 lookup 80
      ip -n node-a route add unreachable default table 80`,
    stages: [
      { change: '', kinds: ['route-blocked'] },
      {
        change:
          'ip -n node-a rule del pref 100; ip -n node-a rule add pref 100 ipproto tcp dport 443 lookup 80',
        kinds: [],
      },
      {
        change:
          'ip -n node-a rule del pref 100; ip -n node-a rule add pref 100 ipproto udp lookup 80',
        kinds: [],
      },
      {
        change: 'ip -n node-a rule add pref 90 not from 10.244.1.9 lookup 80',
        kinds: ['route-blocked'],
      },
    ],
  },
  {
    name: 'macvlan in bridge mode on the uplinks',
    nodes: pods('192.168.7.30', '192.168.7.31', ['192.168.7.0/24', '192.168.7.0/24']),
    to: '192.168.7.31',
    setUp: `${WIRE}
      for pod in a1:a:30 b1:b:31; do
        set -- $(echo $pod | tr : ' ')
        ip -n node-$2 link add m0 link eth0 type macvlan mode bridge; ip -n node-$2 link set m0 netns $1 name eth0
        ip -n $1 addr add 192.168.7.$3/24 dev eth0; ip -n $1 link set eth0 up; ip -n $1 route add default via 192.168.7.1
      done`,
    stages: [
      { change: '', kinds: [] },
      {
        change:
          'ip -n a1 neigh replace 192.168.7.31 lladdr 02:00:00:00:00:99 dev eth0 nud permanent',
        kinds: ['stale-neighbour'],
      },
      {
        change: 'ip -n a1 neigh del 192.168.7.31 dev eth0; ip -n node-b link set eth0 down',
        kinds: ['link-down'],
      },
    ],
  },
  {
    name: 'a bridge with the uplink as a port, and a second bridge behind a veth pair',
    nodes: pods('192.168.7.30', '192.168.7.31', ['192.168.7.0/24', '192.168.7.0/24']),
    to: '192.168.7.31',
    setUp: `${WIRE}
      for pod in a1:a:30:10 b1:b:31:11; do
        set -- $(echo $pod | tr : ' ')
        ip -n node-$2 addr flush dev eth0
        ip -n node-$2 link add br0 type bridge; ip -n node-$2 link set eth0 master br0; ip -n node-$2 link set br0 up
        ip -n node-$2 addr add 192.168.7.$4/24 dev br0
        ip -n node-$2 link add br1 type bridge; ip -n node-$2 link set br1 up
        ip -n node-$2 link add patch0 type veth peer name patch1
        ip -n node-$2 link set patch0 master br0 up; ip -n node-$2 link set patch1 master br1 up
        ip -n node-$2 link add h$1 type veth peer name eth0 netns $1; ip -n node-$2 link set h$1 master br1 up
        ip -n $1 addr add 192.168.7.$3/24 dev eth0; ip -n $1 link set eth0 up
      done`,
    stages: [
      { change: '', kinds: [] },
      { change: 'ip -n node-b link set patch1 nomaster', kinds: [], fails: true },
      {
        change: 'ip -n node-b link set patch1 master br1; ip -n node-b link set patch0 down',
        kinds: [],
        fails: true,
      },
    ],
  },
  {
    name: 'the link layer: frames dropped by bridge rules, devices that do not resolve addresses',
    nodes: FLANNEL_NODES,
    to: '10.244.2.2',
    setUp: FLANNEL,
    stages: [
      {
        change: `ip netns exec node-a nft 'add table bridge own; add chain bridge own in { type filter hook prerouting priority 0; }; add rule bridge own in ip daddr 10.244.2.2 drop'`,
        kinds: ['filter-drop'],
      },
      {
        change: `ip netns exec node-a nft 'delete table bridge own'
          ip netns exec node-a nft 'add table netdev own; add chain netdev own in { type filter hook ingress device p-a1 priority 0; }; add rule netdev own in ip daddr 10.244.2.2 drop'`,
        // The nft of Debian 12 does not print the device of the chain, so the result is unknown.
        kinds: [],
        fails: true,
        kindsOfNewer: ['filter-drop'],
      },
      {
        change:
          'ip netns exec node-a nft delete table netdev own; ip -n b1 link set eth0 arp off; ip -n node-b neigh flush all',
        kinds: ['arp-off'],
      },
      {
        change:
          'ip -n b1 link set eth0 arp on; ip netns exec b1 sysctl -qw net.ipv4.conf.all.arp_ignore=8; ip -n node-b neigh flush all',
        kinds: ['arp-ignored'],
      },
      // The pod treats all pods as neighbours, and gets no answer from its bridge for a pod on the other node.
      {
        change:
          'ip netns exec b1 sysctl -qw net.ipv4.conf.all.arp_ignore=0; ip -n a1 addr del 10.244.1.2/24 dev eth0; ip -n a1 addr add 10.244.1.2/16 dev eth0; ip -n a1 route add default via 10.244.1.1',
        kinds: ['route-wrong'],
      },
      // A bridge that answers for others makes it work.
      {
        change:
          'ip netns exec node-a sysctl -qw net.ipv4.conf.sw0.proxy_arp=1; ip -n a1 neigh flush all; ip -n node-b neigh flush all',
        kinds: [],
      },
    ],
  },
  {
    name: 'a tunnel that sends from a former address of the node',
    nodes: FLANNEL_NODES,
    to: '10.244.2.2',
    setUp: FLANNEL,
    stages: [
      { change: '', kinds: [] },
      {
        change: `ip -n node-a link del tun9
          ip -n node-a link add tun9 address 02:00:00:00:00:0a mtu 1450 type vxlan id 1 dev eth0 local 192.168.7.99 dstport 8472 nolearning
          ip -n node-a addr add 10.244.1.0/32 dev tun9; ip -n node-a link set tun9 up
          ip -n node-a neigh add 10.244.2.0 lladdr 02:00:00:00:00:0b dev tun9 nud permanent
          bridge -n node-a fdb append 02:00:00:00:00:0b dev tun9 dst 192.168.7.11 self permanent
          ip -n node-a route add 10.244.2.0/24 via 10.244.2.0 dev tun9 onlink`,
        kinds: ['tunnel-address-missing'],
      },
    ],
  },
  {
    name: 'nftables with sets, maps and intervals',
    nodes: FLANNEL_NODES,
    to: '10.244.2.2',
    setUp: `${FLANNEL}
      ip netns exec node-a nft -f - <<'RULES'
table inet own {
  set good { type ipv4_addr; flags interval; elements = { 10.244.2.0-10.244.2.9, 10.99.0.0/16 }; }
  map verdicts { type inet_service : verdict; elements = { 80 : jump web, 22 : drop }; }
  chain web { ip saddr { 10.244.1.0/24 } ct state { new, established } return; drop; }
  chain forward { type filter hook forward priority 0; policy drop;
    ct state established,related accept
    tcp dport vmap @verdicts
    ip daddr @good meta l4proto tcp th dport 1-1000 accept
  }
}
RULES`,
    stages: [
      { change: '', kinds: [] },
      {
        change: "ip netns exec node-a nft 'delete element inet own good { 10.244.2.0-10.244.2.9 }'",
        kinds: ['filter-drop'],
      },
      {
        change:
          "ip netns exec node-a nft 'add element inet own good { 10.244.2.2 }; add rule inet own web drop; insert rule inet own web tcp dport 80 drop'",
        kinds: ['filter-drop'],
      },
      {
        change:
          "ip netns exec node-a nft 'flush chain inet own web'; ip netns exec node-a nft 'add chain inet own late { type filter hook forward priority 10; policy accept; }; add rule inet own late oifname tun9 ip daddr != @good drop; add rule inet own late iifname \"sw*\" tcp flags & (fin|syn|rst|ack) == syn counter reject with tcp reset'",
        kinds: ['filter-drop'],
      },
    ],
  },
  {
    name: 'a local DNS cache on a node address, exempt from connection tracking (NodeLocal DNS)',
    nodes: FLANNEL_NODES,
    to: '169.254.20.10',
    setUp: `${FLANNEL}
      ip -n node-a link add nodelocaldns type bridge; ip -n node-a addr add 169.254.20.10/32 dev nodelocaldns; ip -n node-a link set nodelocaldns up
      ip netns exec node-a iptables-legacy-restore <<'RULES'
*raw
-A PREROUTING -d 169.254.20.10/32 -p tcp -m tcp --dport 80 -j NOTRACK
-A OUTPUT -s 169.254.20.10/32 -p tcp -m tcp --sport 80 -j NOTRACK
COMMIT
*filter
-A INPUT -d 169.254.20.10/32 -p tcp -m tcp --dport 80 -j ACCEPT
-A OUTPUT -s 169.254.20.10/32 -p tcp -m tcp --sport 80 -j ACCEPT
COMMIT
RULES
      ip netns exec node-a socat TCP4-LISTEN:80,bind=169.254.20.10,fork,reuseaddr SYSTEM:"echo hello" 2>/dev/null &
      sleep 0.3`,
    stages: [
      { change: '', kinds: [] },
      {
        change:
          'ip netns exec node-a iptables-legacy -I INPUT -m conntrack --ctstate INVALID,UNTRACKED -j DROP',
        kinds: ['filter-drop'],
      },
      {
        change:
          'ip netns exec node-a iptables-legacy -D INPUT 1; ip -n node-a addr del 169.254.20.10/32 dev nodelocaldns',
        kinds: [],
        fails: true,
      },
    ],
  },
  {
    name: 'answers routed back by a connection mark (AWS, node ports)',
    nodes: pods('10.244.1.2', '10.244.2.2'),
    from: 'b1',
    to: '192.168.7.10',
    setUp: `${ROUTED}${SECOND_WIRE}
      ip -n node-a rule add pref 1024 fwmark 0x80/0x80 lookup main
      ip -n node-a rule add pref 1536 from 10.244.1.2 lookup 2
      ip -n node-a route add default via 192.168.8.1 dev eth1 table 2
      ip netns exec node-a iptables-legacy -t mangle -A PREROUTING -i eth0 -m addrtype --dst-type LOCAL --limit-iface-in -j CONNMARK --set-mark 0x80/0x80
      ip netns exec node-a iptables-legacy -t mangle -A PREROUTING -i ha1 -j CONNMARK --restore-mark --mask 0x80
      ip netns exec node-a iptables-legacy -t nat -A PREROUTING -d 192.168.7.10 -p tcp --dport 80 -j DNAT --to-destination 10.244.1.2:80
      serve a1 80`,
    stages: [
      { change: '', kinds: [] },
      { change: 'ip -n node-a rule del pref 1024', kinds: ['route-missing'] },
    ],
  },
  {
    name: 'two VXLANs with one identifier and port, one for each family',
    nodes: pods('fd00:1::2', 'fd00:2::2', ['fd00:1::/64', 'fd00:2::/64']),
    to: 'fd00:2::2',
    setUp: `${WIRE}
      for node in a:10:1:2:11 b:11:2:1:10; do
        set -- $(echo $node | tr : ' ')
        ip -n node-$1 -6 addr add fd00:7::$2/64 dev eth0 nodad
        ip -n node-$1 link add tun4 address 02:00:00:00:04:$2 type vxlan id 1 dev eth0 local 192.168.7.$2 dstport 8472 nolearning
        ip -n node-$1 link add tun6 address 02:00:00:00:06:$2 type vxlan id 1 dev eth0 local fd00:7::$2 dstport 8472 nolearning
        ip -n node-$1 link set tun4 up; ip -n node-$1 -6 addr add fd00:$3::/128 dev tun6 nodad; ip -n node-$1 link set tun6 up
        ip -n node-$1 -6 neigh add fd00:$4:: lladdr 02:00:00:00:06:$5 dev tun6 nud permanent
        bridge -n node-$1 fdb append 02:00:00:00:06:$5 dev tun6 dst fd00:7::$5 self permanent
        ip -n node-$1 -6 route add fd00:$4::/64 via fd00:$4:: dev tun6 onlink
        ip -n node-$1 link add br0 type bridge; ip -n node-$1 link set br0 up; ip -n node-$1 -6 addr add fd00:$3::1/64 dev br0 nodad
        ip -n node-$1 link add h0 type veth peer name eth0 netns \${1}1; ip -n node-$1 link set h0 master br0 up
        ip -n \${1}1 -6 addr add fd00:$3::2/64 dev eth0 nodad; ip -n \${1}1 link set eth0 up; ip -n \${1}1 -6 route add default via fd00:$3::1
      done${SETTLED}`,
    stages: [
      { change: '', kinds: [] },
      // A device's own value has no effect; the one for all devices decides.
      {
        change:
          'ip netns exec node-a sysctl -qw net.ipv6.conf.br0.forwarding=0 net.ipv6.conf.tun6.forwarding=0',
        kinds: [],
      },
      {
        change:
          'ip netns exec node-a sysctl -qw net.ipv6.conf.all.forwarding=0; ip netns exec node-a sysctl -qw net.ipv6.conf.br0.forwarding=1',
        kinds: ['forwarding-off'],
      },
      {
        change:
          'ip netns exec node-a sysctl -qw net.ipv6.conf.all.forwarding=1; ip -n node-a -6 neigh replace fd00:2:: lladdr 02:00:00:00:04:11 dev tun6 nud permanent; bridge -n node-a fdb append 02:00:00:00:04:11 dev tun6 dst fd00:7::11 self permanent',
        kinds: ['stale-vtep-mac'],
      },
      {
        change:
          'ip -n node-a -6 neigh replace fd00:2:: lladdr 02:00:00:00:06:11 dev tun6 nud permanent; ip -n node-b link set tun6 down',
        kinds: ['link-down'],
      },
    ],
  },
  {
    name: 'routed veths with a link-local gateway (IPv6)',
    nodes: pods('fd00:1::2', 'fd00:2::2', ['fd00:1::/122', 'fd00:2::/122']),
    to: 'fd00:2::2',
    setUp: `${WIRE}
      for node in a:10:1:2:11 b:11:2:1:10; do
        set -- $(echo $node | tr : ' ')
        ip -n node-$1 -6 addr add fd00:7::$2/64 dev eth0 nodad
        ip -n node-$1 link add h0 type veth peer name eth0 netns \${1}1
        ip -n node-$1 link set h0 address ee:ee:ee:ee:ee:ee up; ip -n node-$1 -6 addr flush dev h0; ip -n node-$1 -6 addr add fe80::ecee:eeff:feee:eeee/64 dev h0 nodad
        ip -n \${1}1 -6 addr add fd00:$3::2/128 dev eth0 nodad; ip -n \${1}1 link set eth0 up
        ip -n \${1}1 -6 route add default via fe80::ecee:eeff:feee:eeee dev eth0
        ip -n node-$1 -6 route add fd00:$3::2 dev h0
        ip -n node-$1 -6 route add fd00:$4::/122 via fd00:7::$5
      done${SETTLED}`,
    stages: [
      { change: '', kinds: [] },
      { change: 'ip -n node-b -6 route del fd00:2::2', kinds: ['route-missing'] },
      {
        change:
          'ip -n node-b -6 route add fd00:2::2 dev h0; ip -n node-b -6 neigh replace fd00:2::2 lladdr 02:00:00:00:00:99 dev h0 nud permanent',
        kinds: ['stale-neighbour'],
      },
    ],
  },
  {
    name: 'two default routes, chosen by input device',
    nodes: pods('10.244.1.2', '10.244.2.2'),
    to: '10.244.2.2',
    setUp: `${ROUTED}${SECOND_WIRE}
      ip -n node-a route del 10.244.2.0/24
      ip -n node-a rule add pref 50 iif ha1 lookup 50
      ip -n node-a route add default via 192.168.8.11 dev eth1 table 50
      ip -n node-a rule add pref 49 to 10.244.1.0/24 lookup main`,
    stages: [
      { change: '', kinds: [] },
      {
        change:
          'ip -n node-a rule add pref 40 iif ha1 lookup 51; ip -n node-a route add throw default table 51',
        kinds: [],
      },
      { change: 'ip -n node-a route replace prohibit default table 51', kinds: ['route-blocked'] },
    ],
  },
];

describe('unusual networks', () => {
  it.concurrent.for(NETWORKS)(
    'are never described wrongly: $name',
    async ({ nodes, setUp, stages, from = 'a1', to }, { expect }) => {
      const reach = `reach ${from} ${to} 80`;
      const results = await runLab({
        nodes,
        rules: true,
        // A working connection succeeds at once, unless the machine is busy.
        stages: stages.map(({ change, kinds, fails = kinds.length > 0 }, at) => {
          const before = at === 0 ? `${setUp}\nserve b1 80\n` : '';
          return `${before}${change}\n${reach} ${fails ? 0.5 : 5}`;
        }),
      });
      const outcomes = results.map(({ facts, reached }) => {
        const { trace, findings } = pathBetween(facts, from, to, 80);
        const isReached = reached.get(`${from} ${to}`);
        const errors = findings
          .filter(({ causedBy, severity }) => causedBy === undefined && severity === 'error')
          .map(({ kind }) => kind);
        const ends = trace.paths.map(({ end }) => end);
        const unknown = trace.paths.flatMap((path) => path.unknown.map(({ what }) => what));
        return { isReached, errors, ends, unknown };
      });
      for (const { isReached, errors, ends, unknown } of outcomes) {
        const arrives = ends.every((end) => end === 'delivered');
        // A path without doubts and errors must work, and a path with an error must fail.
        if (arrives && errors.length === 0 && unknown.length === 0) expect(isReached).toBe(true);
        if (errors.length > 0) expect(isReached).toBe(false);
      }
      for (const [at, { kinds, kindsOfNewer = kinds }] of stages.entries())
        expect([kinds, kindsOfNewer], `stage ${at}`).toContainEqual(outcomes[at]?.errors);
    },
  );
});
