/** One end of a path, with the names and addresses that commands need to break it. */
export interface SceneEnd {
  /** The pod's address, and the gateway of its default route. */
  readonly address: string;
  readonly gateway: string;
  /** The node's end of the pod's veth. */
  readonly hostEnd: string;
  /** The range of pod addresses on its node. */
  readonly podCidr: string;
  readonly nodeAddress: string;
  /** The IP address and the link-layer address of its node's tunnel device. */
  readonly vtep: string;
  readonly vtepMac: string;
}

/** A pod on each of two nodes, with a VXLAN between bridges, as set up by flannel. */
export interface Scene {
  readonly bridge: string;
  readonly tunnel: string;
  readonly uplink: string;
  /** An unused address in the nodes' network. */
  readonly router: string;
  readonly family: Family;
  readonly from: SceneEnd;
  readonly to: SceneEnd;
}

/** The words that differ between IPv4 and IPv6. */
export interface Family {
  readonly ip: 'ip -4' | 'ip -6';
  readonly iptables: 'iptables-legacy' | 'ip6tables-legacy';
  readonly forwarding: string;
  /** The number of bits of a whole address, and of a node's range of pod addresses. */
  readonly bits: number;
  readonly podBits: number;
  /** How much of 1500 bytes is left in the tunnel. */
  readonly tunnelMtu: number;
}

export const FAMILIES: Readonly<Record<4 | 6, Family>> = {
  4: {
    ip: 'ip -4',
    iptables: 'iptables-legacy',
    forwarding: 'net.ipv4.ip_forward',
    bits: 32,
    podBits: 24,
    tunnelMtu: 1450,
  },
  6: {
    ip: 'ip -6',
    iptables: 'ip6tables-legacy',
    forwarding: 'net.ipv6.conf.all.forwarding',
    bits: 128,
    podBits: 64,
    tunnelMtu: 1430,
  },
};

/** A shell command, and where to run it. */
export interface Step {
  readonly end: 'from' | 'to';
  readonly in: 'node' | 'pod';
  readonly run: string;
}

/**
 * Pairs of pods that are affected by a fault: pairs with one of its pods, or with a pod on one of its nodes, perhaps
 * limited to pairs across nodes, or to pairs whose packets its node forwards. Or all pairs across nodes, perhaps
 * limited to those whose sender is on the node of the sender.
 */
export type Affected =
  | `${Step['end']}-${'pod' | 'pod-across' | 'node' | 'forwarding'}`
  | 'across'
  | 'across-from-node';

export interface PlantedFault {
  readonly name: string;
  /** The finding that must come first, and must be the only independent one. */
  readonly kind: string;
  /** Whether connections fail because of it. False if only some packets are lost. */
  readonly breaks: boolean;
  readonly affects: Affected;
  /** Pods on the sender's node are only affected when they next resolve its gateway, which may take minutes. */
  readonly showsLate?: true;
  /** It is not possible with IPv6. */
  readonly onlyIpv4?: true;
  readonly plant: (scene: Scene) => readonly Step[];
  /** Undoes it. Routes that a node lost with a device are restored. */
  readonly repair: (scene: Scene) => readonly Step[];
}

const node = (end: Step['end'], run: string): Step => ({ end, in: 'node', run });
const pod = (end: Step['end'], run: string): Step => ({ end, in: 'pod', run });

/** Restores what flannel sets up for a peer. */
const tunnelRoute = (scene: Scene, end: 'from' | 'to'): Step => {
  const far = scene[end === 'from' ? 'to' : 'from'];
  return node(end, `ip route replace ${far.podCidr} via ${far.vtep} dev ${scene.tunnel} onlink`);
};
const tunnelEntries = (scene: Scene, end: 'from' | 'to'): Step[] => {
  const far = scene[end === 'from' ? 'to' : 'from'];
  return [
    node(
      end,
      `ip neigh replace ${far.vtep} lladdr ${far.vtepMac} dev ${scene.tunnel} nud permanent`,
    ),
    node(
      end,
      `bridge fdb replace ${far.vtepMac} dev ${scene.tunnel} dst ${far.nodeAddress} self permanent`,
    ),
  ];
};
const podRoutes = ({ from, to, family: { ip } }: Scene, end: 'from' | 'to'): Step => {
  const own = end === 'from' ? from : to;
  return pod(
    end,
    `${ip} route replace ${own.podCidr} dev eth0 src ${own.address}; ${ip} route replace default via ${own.gateway}`,
  );
};

/** Restores the address of a device in a node's range of pod addresses. */
const addressAgain = (
  { family }: Scene,
  where: typeof node,
  end: Step['end'],
  address: string,
  device: string,
): Step =>
  where(
    end,
    `${family.ip} addr add ${address}/${family.podBits} ${family.bits === 32 ? 'brd +' : 'nodad'} dev ${device}`,
  );
const gatewayAgain = (scene: Scene): Step =>
  addressAgain(scene, node, 'from', scene.from.gateway, scene.bridge);

/** Sets the pod's device up again, and restores its IPv6 address. */
const podDeviceAgain = (scene: Scene, end: 'from' | 'to'): Step[] => {
  const { address } = scene[end];
  return [
    pod(end, 'ip link set eth0 up'),
    ...(scene.family.bits === 128 ? [addressAgain(scene, pod, end, address, 'eth0')] : []),
    podRoutes(scene, end),
  ];
};

/** Creates the receiver's tunnel device again with another identifier, and everything that belongs to it. */
const tunnelAgain = (scene: Scene, id: number): Step[] => {
  const { tunnel, uplink, to, family } = scene;
  const parameters = `id ${id} dev ${uplink} local ${to.nodeAddress} dstport 8472 nolearning`;
  return [
    node('to', `ip link del ${tunnel} 2>/dev/null || true`),
    node(
      'to',
      `ip link add ${tunnel} address ${to.vtepMac} mtu ${family.tunnelMtu} type vxlan ${parameters}`,
    ),
    node('to', `ip addr add ${to.vtep}/${family.bits} dev ${tunnel}; ip link set ${tunnel} up`),
    tunnelRoute(scene, 'to'),
    ...tunnelEntries(scene, 'to'),
  ];
};

/**
 * Faults between two pods on two nodes, one per line: those that KubeSkoop injects, and those that people reported. To
 * add one, write how to cause it, how to undo it, and the expected finding.
 */
export const PLANTED_FAULTS: readonly PlantedFault[] = [
  {
    name: "the receiver's eth0 is down",
    kind: 'link-down',
    breaks: true,
    affects: 'to-pod',
    plant: () => [pod('to', 'ip link set eth0 down')],
    repair: (scene) => podDeviceAgain(scene, 'to'),
  },
  {
    name: "the sender's eth0 is down",
    kind: 'link-down',
    breaks: true,
    affects: 'from-pod',
    plant: () => [pod('from', 'ip link set eth0 down')],
    repair: (scene) => podDeviceAgain(scene, 'from'),
  },
  {
    name: "the receiver's lo is down",
    kind: 'loopback-down',
    breaks: false,
    affects: 'to-pod',
    plant: () => [pod('to', 'ip link set lo down')],
    repair: () => [pod('to', 'ip link set lo up')],
  },
  {
    name: "the sender's route to the receiver leads out of lo",
    kind: 'route-wrong',
    breaks: true,
    affects: 'from-pod-across',
    plant: ({ to }) => [pod('from', `ip route add ${to.podCidr} dev lo`)],
    repair: ({ to }) => [pod('from', `ip route del ${to.podCidr} dev lo`)],
  },
  {
    name: 'the sender has no routes',
    kind: 'route-missing',
    breaks: true,
    affects: 'from-pod',
    plant: ({ family: { ip } }) => [pod('from', `${ip} route flush table main`)],
    repair: (scene) => [podRoutes(scene, 'from')],
  },
  {
    name: 'the receiver has no routes',
    kind: 'route-missing',
    breaks: true,
    affects: 'to-pod',
    plant: ({ family: { ip } }) => [pod('to', `${ip} route flush table main`)],
    repair: (scene) => [podRoutes(scene, 'to')],
  },
  {
    name: 'rules of the receiver drop',
    kind: 'filter-drop',
    breaks: true,
    affects: 'to-pod',
    plant: ({ family }) => [pod('to', `${family.iptables} -I INPUT -p tcp -j DROP`)],
    repair: ({ family }) => [pod('to', `${family.iptables} -D INPUT -p tcp -j DROP`)],
  },
  {
    name: 'the receiver has MTU 1400',
    kind: 'mtu-mismatch',
    breaks: false,
    affects: 'to-pod',
    plant: () => [pod('to', 'ip link set eth0 mtu 1400')],
    repair: () => [pod('to', 'ip link set eth0 mtu 1450')],
  },
  {
    name: "the receiver's bridge is down",
    kind: 'link-down',
    breaks: true,
    affects: 'to-node',
    plant: ({ bridge }) => [node('to', `ip link set ${bridge} down`)],
    repair: ({ bridge }) => [node('to', `ip link set ${bridge} up`)],
  },
  {
    name: "the sender's bridge is down",
    kind: 'link-down',
    breaks: true,
    affects: 'from-node',
    plant: ({ bridge }) => [node('from', `ip link set ${bridge} down`)],
    repair: ({ bridge }) => [node('from', `ip link set ${bridge} up`)],
  },
  {
    name: "the receiver's node has no route to its own pods",
    kind: 'route-missing',
    breaks: true,
    affects: 'across',
    plant: ({ to }) => [node('to', `ip route del ${to.podCidr}`)],
    repair: ({ to, bridge }) => [
      node(
        'to',
        `ip route replace ${to.podCidr} dev ${bridge} proto kernel scope link src ${to.gateway}`,
      ),
    ],
  },
  {
    name: "the route to the receiver's node leads to the router",
    kind: 'route-wrong',
    breaks: true,
    affects: 'across',
    plant: ({ to, router, uplink }) => [
      node('from', `ip route replace ${to.podCidr} via ${router} dev ${uplink}`),
    ],
    // IPv6 rejects a gateway that is reached through another device.
    repair: (scene) => [
      node('from', `ip route del ${scene.to.podCidr}`),
      tunnelRoute(scene, 'from'),
    ],
  },
  {
    name: 'the route into the tunnel is deleted',
    kind: 'route-missing',
    breaks: true,
    affects: 'across',
    plant: ({ to }) => [node('from', `ip route del ${to.podCidr}`)],
    repair: (scene) => [tunnelRoute(scene, 'from')],
  },
  {
    name: 'the route back into the tunnel is deleted',
    kind: 'route-missing',
    breaks: true,
    affects: 'across',
    plant: ({ from }) => [node('to', `ip route del ${from.podCidr}`)],
    repair: (scene) => [tunnelRoute(scene, 'to')],
  },
  {
    name: 'the route into the tunnel is on the uplink',
    kind: 'route-wrong',
    // The kernel rejects it for IPv6.
    onlyIpv4: true,
    breaks: false,
    affects: 'across',
    plant: ({ to, uplink }) => [
      node('from', `ip route replace ${to.podCidr} via ${to.vtep} dev ${uplink} onlink`),
    ],
    repair: (scene) => [tunnelRoute(scene, 'from')],
  },
  {
    name: 'a blackhole takes the receiver',
    kind: 'route-blocked',
    breaks: true,
    affects: 'to-pod-across',
    plant: ({ to, family }) => [
      node('from', `ip route add blackhole ${to.address}/${family.bits}`),
    ],
    repair: ({ to, family }) => [
      node('from', `ip route del blackhole ${to.address}/${family.bits}`),
    ],
  },
  {
    name: 'the rule to the main table is gone',
    kind: 'rule-missing',
    breaks: true,
    affects: 'across',
    // Without rules of its own, a network looks up IPv6 routes in its main table, whether there is a rule for it or
    // not.
    onlyIpv4: true,
    plant: () => [node('from', 'ip rule del pref 32766')],
    repair: () => [node('from', 'ip rule add pref 32766 lookup main')],
  },
  {
    name: "the receiver's host end is down",
    kind: 'link-down',
    breaks: true,
    affects: 'to-pod',
    plant: ({ to }) => [node('to', `ip link set ${to.hostEnd} down`)],
    repair: ({ to }) => [node('to', `ip link set ${to.hostEnd} up`)],
  },
  {
    name: "the receiver's host end is no port of the bridge",
    kind: 'port-detached',
    breaks: true,
    affects: 'to-pod',
    plant: ({ to }) => [node('to', `ip link set ${to.hostEnd} nomaster`)],
    repair: ({ to, bridge }) => [node('to', `ip link set ${to.hostEnd} master ${bridge}`)],
  },
  {
    name: "the sender's host end is no port of the bridge",
    kind: 'port-detached',
    breaks: true,
    affects: 'from-pod',
    plant: ({ from }) => [node('from', `ip link set ${from.hostEnd} nomaster`)],
    repair: ({ from, bridge }) => [node('from', `ip link set ${from.hostEnd} master ${bridge}`)],
  },
  {
    name: 'the tunnel device is down',
    kind: 'link-down',
    breaks: true,
    affects: 'across',
    plant: ({ tunnel }) => [node('from', `ip link set ${tunnel} down`)],
    repair: (scene) => [
      node('from', `ip link set ${scene.tunnel} up`),
      tunnelRoute(scene, 'from'),
      ...tunnelEntries(scene, 'from'),
    ],
  },
  {
    name: "the far tunnel end's neighbour entry is gone",
    kind: 'vtep-neighbour-missing',
    breaks: true,
    affects: 'across',
    plant: ({ to, tunnel }) => [node('from', `ip neigh del ${to.vtep} dev ${tunnel}`)],
    repair: (scene) => tunnelEntries(scene, 'from'),
  },
  {
    name: "the far tunnel end's forwarding entry is gone",
    kind: 'fdb-missing',
    breaks: true,
    affects: 'across',
    plant: ({ to, tunnel }) => [
      node('from', `bridge fdb del ${to.vtepMac} dev ${tunnel} dst ${to.nodeAddress} self`),
    ],
    repair: (scene) => tunnelEntries(scene, 'from'),
  },
  {
    name: 'the forwarding entry leads to no node',
    kind: 'fdb-wrong-node',
    breaks: true,
    affects: 'across',
    plant: ({ to, tunnel, router }) => [
      node('from', `bridge fdb replace ${to.vtepMac} dev ${tunnel} dst ${router} self permanent`),
    ],
    repair: (scene) => tunnelEntries(scene, 'from'),
  },
  {
    name: "the link-layer address of the receiver's tunnel end has changed",
    kind: 'stale-vtep-mac',
    breaks: true,
    affects: 'across',
    plant: ({ tunnel }) => [node('to', `ip link set ${tunnel} address 0a:58:0a:f4:02:99`)],
    repair: (scene) => [
      node('to', `ip link set ${scene.tunnel} address ${scene.to.vtepMac}`),
      ...tunnelEntries(scene, 'to'),
    ],
  },
  {
    name: "the receiver's node does not forward",
    kind: 'forwarding-off',
    breaks: true,
    affects: 'across',
    plant: ({ family }) => [node('to', `sysctl -qw ${family.forwarding}=0`)],
    repair: ({ family }) => [node('to', `sysctl -qw ${family.forwarding}=1`)],
  },
  {
    name: "the sender's node does not forward",
    kind: 'forwarding-off',
    breaks: true,
    affects: 'across',
    plant: ({ family }) => [node('from', `sysctl -qw ${family.forwarding}=0`)],
    repair: ({ family }) => [node('from', `sysctl -qw ${family.forwarding}=1`)],
  },
  {
    name: 'a strict reverse path filter, and the way back by a mark',
    kind: 'rp-filter',
    onlyIpv4: true,
    breaks: true,
    affects: 'across',
    plant: ({ from, bridge, tunnel, router, uplink }) => [
      node('to', `ip route add ${from.podCidr} via ${from.vtep} dev ${tunnel} onlink table 100`),
      node('to', 'ip rule add fwmark 5 lookup 100 pref 100'),
      node('to', `iptables-legacy -t mangle -A PREROUTING -i ${bridge} -j MARK --set-mark 5`),
      node('to', `ip route replace ${from.podCidr} via ${router} dev ${uplink}`),
      node('to', `sysctl -qw net/ipv4/conf/${tunnel}/rp_filter=1`),
    ],
    repair: (scene) => [
      node('to', `sysctl -qw net/ipv4/conf/${scene.tunnel}/rp_filter=0`),
      node('to', 'ip rule del pref 100; ip route flush table 100'),
      node('to', `iptables-legacy -t mangle -D PREROUTING -i ${scene.bridge} -j MARK --set-mark 5`),
      tunnelRoute(scene, 'to'),
    ],
  },
  {
    name: "the receiver's neighbour entry is of another device",
    kind: 'stale-neighbour',
    breaks: true,
    affects: 'to-pod-across',
    plant: ({ to, bridge }) => [
      node(
        'to',
        `ip neigh replace ${to.address} lladdr 0a:58:0a:f4:02:99 dev ${bridge} nud permanent`,
      ),
    ],
    repair: ({ to, bridge }) => [node('to', `ip neigh del ${to.address} dev ${bridge}`)],
  },
  {
    name: 'iptables -P FORWARD DROP on the receiver',
    kind: 'filter-drop',
    breaks: true,
    affects: 'to-forwarding',
    plant: ({ family }) => [node('to', `${family.iptables} -P FORWARD DROP`)],
    repair: ({ family }) => [node('to', `${family.iptables} -P FORWARD ACCEPT`)],
  },
  {
    name: 'a chain of nftables of its own drops on the sender',
    kind: 'filter-drop',
    breaks: true,
    affects: 'from-forwarding',
    plant: () => [
      node(
        'from',
        "nft 'table inet planted { chain forward { type filter hook forward priority 5; policy drop; }; }'",
      ),
    ],
    repair: () => [node('from', 'nft delete table inet planted')],
  },
  {
    name: 'the MTU underneath is smaller on the receiver',
    kind: 'mtu-mismatch',
    breaks: false,
    affects: 'across',
    plant: ({ uplink }) => [node('to', `ip link set ${uplink} mtu 1400`)],
    repair: (scene) => [
      node('to', `ip link set ${scene.uplink} mtu 1500`),
      node('to', `ip link set ${scene.tunnel} mtu ${scene.family.tunnelMtu}`),
    ],
  },
  {
    name: 'the gateway of the sender is no address of the bridge',
    kind: 'gateway-unreachable',
    breaks: true,
    affects: 'across',
    showsLate: true,
    plant: ({ from, bridge, family }) => [
      node(
        'from',
        `ip addr del ${from.gateway}/${family.podBits} dev ${bridge}; ip route replace ${from.podCidr} dev ${bridge}; ip neigh flush dev ${bridge}`,
      ),
      pod('from', 'ip neigh flush dev eth0'),
    ],
    repair: (scene) => [
      node('from', `ip route del ${scene.from.podCidr} dev ${scene.bridge}`),
      gatewayAgain(scene),
    ],
  },
  {
    name: 'the tunnel of the receiver has another VNI',
    kind: 'tunnel-mismatch',
    breaks: true,
    affects: 'across',
    plant: (scene) => tunnelAgain(scene, 7),
    repair: (scene) => tunnelAgain(scene, 1),
  },
  {
    name: 'the receiver has lost its address',
    kind: 'address-missing',
    breaks: true,
    affects: 'to-pod',
    plant: ({ to, family }) => [pod('to', `ip addr del ${to.address}/${family.podBits} dev eth0`)],
    repair: (scene) => [
      addressAgain(scene, pod, 'to', scene.to.address, 'eth0'),
      podRoutes(scene, 'to'),
    ],
  },
  {
    name: "the bridge has the receiver's port disabled",
    kind: 'port-not-forwarding',
    breaks: true,
    affects: 'to-pod',
    plant: ({ to }) => [node('to', `bridge link set dev ${to.hostEnd} state 0`)],
    repair: ({ to }) => [node('to', `bridge link set dev ${to.hostEnd} state 3`)],
  },
  {
    name: 'the receiver has no tunnel device',
    kind: 'tunnel-missing',
    breaks: true,
    affects: 'across',
    plant: ({ tunnel }) => [node('to', `ip link del ${tunnel}`)],
    repair: (scene) => tunnelAgain(scene, 1),
  },
  {
    name: 'the node of the sender masquerades what goes to other pods',
    kind: 'unexpected-snat',
    breaks: false,
    affects: 'across-from-node',
    plant: ({ from, to, family }) => [
      node(
        'from',
        `${family.iptables} -t nat -I POSTROUTING -s ${from.podCidr} -d ${to.podCidr} -j MASQUERADE`,
      ),
    ],
    repair: ({ from, to, family }) => [
      node(
        'from',
        `${family.iptables} -t nat -D POSTROUTING -s ${from.podCidr} -d ${to.podCidr} -j MASQUERADE`,
      ),
    ],
  },
];
