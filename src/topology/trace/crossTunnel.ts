import { nonEmptyText } from '../../jsonObject.ts';
import type { FdbEntry } from '../../tools/ip/fdb.ts';
import type { Link } from '../../tools/ip/link.ts';
import { familyOf, sameAddress } from '../address.ts';
import type { Port } from '../wiring.ts';
import { fdbText, neighbourOf, neighbourText, sameMac } from './neighbours.ts';
import type { WalkState } from './walkState.ts';
import type { Way } from './way.ts';

/** Kinds of tunnel devices, and the bytes that they add over IPv4. */
const OVERHEAD: Readonly<Record<string, number>> = {
  vxlan: 50,
  geneve: 50,
  ipip: 20,
  sit: 20,
  ip6tnl: 40,
  gre: 24,
  gretap: 38,
  ip6gre: 44,
  wireguard: 60,
};

const ANY_MAC = '00:00:00:00:00:00';

export function isTunnel({ kind }: Link): boolean {
  return kind !== undefined && kind in OVERHEAD;
}

/** Moves the packet through a tunnel to the node at its other end. */
export function crossTunnel(walk: WalkState, tunnel: Port, nextHop: string): Way['end'] {
  const { link } = tunnel;
  if (link.data.external === true) {
    walk.doubt(
      tunnel,
      `${link.kind} without a fixed remote end`,
      `flows or programs choose the remote end at ${link.name}`,
    );
    return 'unknown';
  }
  const remote = remoteOf(walk, tunnel, nextHop);
  if (remote === undefined)
    return walk.unknown.length > 0 && link.kind === 'wireguard' ? 'unknown' : 'stopped';
  const underlay = walk.wiring
    .withAddress(remote)
    .find((port) => walk.wiring.isHost(port) && port.node !== tunnel.node);
  if (underlay === undefined) {
    walk.fault('fdb-wrong-node', tunnel, fdbEvidence(tunnel, nextHop) ?? `remote ${remote}`, {
      device: link.name,
      remote,
      destination: walk.packet.destination,
      expected: nodeAddress(walk, tunnel) ?? '',
    });
    return 'stopped';
  }
  const arrived = outerWay(walk, tunnel, remote, underlay);
  if (!arrived) return 'stopped';
  const far = farEnd(walk, tunnel, underlay, remote);
  if (far === undefined) return 'stopped';
  const end = walk.pass(far);
  if (end !== undefined) return end;
  checkExpectedNode(walk, tunnel, far, nextHop, remote);
  if (!checkVtepMac(walk, tunnel, far, nextHop)) return 'stopped';
  const master = walk.wiring.master(far);
  return walk.arrive(master?.link.kind === 'bridge' ? master : far);
}

/** The address of the tunnel's remote end, from its parameters and the neighbour and forwarding tables. */
function remoteOf(walk: WalkState, tunnel: Port, nextHop: string): string | undefined {
  const { link } = tunnel;
  const fixed = nonEmptyText(link.data.remote);
  if (link.kind === 'vxlan') return vxlanRemote(walk, tunnel, nextHop, fixed);
  if (fixed !== undefined && fixed !== 'any' && fixed !== '0.0.0.0') return fixed;
  if (link.kind === 'wireguard') {
    walk.doubt(
      tunnel,
      'WireGuard peer',
      'only WireGuard knows which peer has an address (wg show)',
    );
    const node = walk.aim?.node;
    return node && hostAddress(walk, node.name, nonEmptyText(tunnel.link.data.local));
  }
  return nextHop;
}

function vxlanRemote(
  walk: WalkState,
  tunnel: Port,
  nextHop: string,
  fixed: string | undefined,
): string | undefined {
  const { link, network } = tunnel;
  const values = { device: link.name, nextHop, destination: walk.packet.destination };
  const entries = network.fdb?.filter(
    ({ device, destination }) => device === link.name && destination !== undefined,
  );
  const anyone =
    entries?.find(({ mac }) => mac === ANY_MAC)?.destination ??
    fixed ??
    nonEmptyText(link.data.group);
  const neighbour = neighbourOf(tunnel, nextHop);
  if (neighbour?.mac === undefined) {
    // With a flood entry, addresses are resolved through the tunnel, so the neighbour entry may be missing.
    if (anyone !== undefined) return anyone;
    const known = network.neighbours?.filter(({ device }) => device === link.name) ?? [];
    walk.fault(
      'vtep-neighbour-missing',
      tunnel,
      neighbour
        ? neighbourText(neighbour)
        : `ip neigh show ${nextHop} dev ${link.name}: nothing, of ${known.length} entries`,
      { ...values, ...expectedVtep(walk, tunnel, nextHop) },
    );
    return undefined;
  }
  const mac = neighbour.mac;
  const entry = entries?.find((one) => sameMac(one.mac, mac));
  if (entry?.destination !== undefined) return entry.destination;
  if (anyone !== undefined) return anyone;
  if (network.fdb === undefined) {
    walk.doubt(tunnel, 'forwarding table', 'it could not be read');
    return undefined;
  }
  walk.fault(
    'fdb-missing',
    tunnel,
    `bridge fdb show dev ${link.name}: no entry for ${mac} (${neighbourText(neighbour)})`,
    {
      ...values,
      mac,
      ...expectedVtep(walk, tunnel, nextHop),
    },
  );
  return undefined;
}

/** The expected content of the tables: the device of the same tunnel that has the next hop. */
function expectedVtep(walk: WalkState, tunnel: Port, nextHop: string): Record<string, string> {
  const far = walk.wiring
    .withAddress(nextHop)
    .find(({ node, link }) => node !== tunnel.node && link.kind === tunnel.link.kind);
  const remote =
    far &&
    (nonEmptyText(far.link.data.local) ??
      hostAddress(walk, far.node.name, nonEmptyText(tunnel.link.data.local)));
  return {
    ...(far?.link.mac && { real: far.link.mac }),
    ...(remote && { remote }),
    ...(far && { farNode: far.node.name }),
  };
}

/** Follows the encapsulated packet between the nodes. */
function outerWay(walk: WalkState, tunnel: Port, remote: string, end: Port): boolean {
  const { link } = tunnel;
  const port = numberOf(link.data.port);
  const local = nonEmptyText(link.data.local) ?? '';
  const isBound = !['', 'any', '0.0.0.0', '::'].includes(local);
  if (isBound && walk.wiring.hasAddress(tunnel, local) === false) {
    walk.fault('tunnel-address-missing', tunnel, `${link.name} local ${local}; no device has it`, {
      device: link.name,
      local,
      expected: hostAddress(walk, tunnel.node.name, local) ?? '',
    });
    return false;
  }
  const isUdp = link.kind === 'vxlan' || link.kind === 'geneve' || link.kind === 'wireguard';
  const outer = walk.another(
    {
      source: local,
      destination: remote,
      protocol: isUdp ? 'udp' : link.kind === 'ipip' || link.kind === 'sit' ? 'ipencap' : 'gre',
      ...(isUdp && port !== undefined && { destinationPort: port }),
      mark: walk.packet.mark,
      state: 'new',
    },
    { node: end.node, network: end.network },
  );
  const way = outer.from({ node: tunnel.node, network: tunnel.network });
  const words = [
    link.kind,
    ...(link.data.id === undefined ? [] : [`VNI ${link.data.id}`]),
    ...(port === undefined ? [] : [`UDP ${port}`]),
    `to ${remote}`,
  ];
  const first = way.hops[0];
  if (first) walk.hops.push({ ...first, detail: words.join(' ') }, ...way.hops.slice(1));
  walk.decisions.push(...way.decisions);
  walk.faults.push(...way.faults);
  walk.unknown.push(...way.unknown);
  walk.questions.push(...outer.questions);
  checkOuterMtu(walk, tunnel, remote, way);
  return way.end === 'delivered';
}

/** Checks that the largest packets of the tunnel, with its headers, fit through the devices underneath. */
function checkOuterMtu(walk: WalkState, tunnel: Port, remote: string, way: Way): void {
  const { link } = tunnel;
  const overhead = (OVERHEAD[link.kind ?? ''] ?? 0) + (familyOf(remote) === 6 ? 20 : 0);
  const narrow = way.hops
    .filter(({ mtu, kind }) => mtu !== undefined && kind !== 'loopback')
    .toSorted((one, other) => (one.mtu ?? 0) - (other.mtu ?? 0))[0];
  if (narrow?.mtu === undefined || narrow.mtu - overhead >= link.mtu) return;
  const node = narrow.node ?? '';
  const place = walk.wiring.node(node);
  const host = place && walk.wiring.host(place);
  const device = host && walk.wiring.device(host, narrow.device);
  walk.fault(
    'mtu-mismatch',
    device ?? tunnel,
    `${narrow.device} on ${node} mtu ${narrow.mtu}, less ${overhead} for ${link.kind}: ${narrow.mtu - overhead}; ${link.name} mtu ${link.mtu}`,
    {
      device: narrow.device ?? '',
      mtu: `${narrow.mtu}`,
      other: link.name,
      otherMtu: `${link.mtu}`,
      otherPlace: `node/${tunnel.node.name}`,
      needed: `${link.mtu + overhead}`,
    },
  );
}

/**
 * Whether a tunnel accepts packets of a family. A tunnel bound to an address only accepts that address's family,
 * so a node may have a tunnel for each family.
 */
function takesFamily({ data }: Link, family: 4 | 6): boolean {
  const local = nonEmptyText(data.local);
  return local === undefined || local === 'any' || familyOf(local) === family;
}

/** The same tunnel's device on the far node. `end` is the device there that has the remote address of the tunnel. */
function farEnd(walk: WalkState, tunnel: Port, end: Port, remote: string): Port | undefined {
  const { link } = tunnel;
  const here = (end.network.links ?? []).map((one) => ({
    node: end.node,
    network: end.network,
    link: one,
  }));
  const family = familyOf(remote);
  const same = here.filter((one) => one.link.kind === link.kind && takesFamily(one.link, family));
  const values = { device: link.name, kind: link.kind ?? '', farNode: end.node.name };
  if (same.length === 0) {
    if (end.network.links === undefined) return undefined;
    walk.fault('tunnel-missing', end, `no ${link.kind} device on ${end.node.name}`, values);
    return undefined;
  }
  if (link.kind !== 'vxlan' && link.kind !== 'geneve') {
    return (
      same.find((one) =>
        sameAddress(nonEmptyText(one.link.data.local) ?? '', nonEmptyText(link.data.remote) ?? '-'),
      ) ?? same[0]
    );
  }
  const byId = same.find((one) => one.link.data.id === link.data.id);
  const far = byId ?? same[0];
  if (far === undefined) return undefined;
  const differs =
    byId === undefined ? 'id' : far.link.data.port === link.data.port ? undefined : 'port';
  if (differs !== undefined) {
    walk.fault(
      'tunnel-mismatch',
      far,
      `${far.link.name} on ${far.node.name}: ${differs} ${far.link.data[differs]}; ${link.name} on ${tunnel.node.name}: ${differs} ${link.data[differs]}`,
      {
        ...values,
        differs,
        far: `${far.link.data[differs]}`,
        near: `${link.data[differs]}`,
      },
    );
    return undefined;
  }
  return far;
}

/** Checks that the forwarding table names the node that has the destination. */
function checkExpectedNode(
  walk: WalkState,
  tunnel: Port,
  far: Port,
  nextHop: string,
  remote: string,
): void {
  const expected = walk.aim?.node;
  if (expected === undefined || expected === far.node) return;
  walk.fault('fdb-wrong-node', tunnel, fdbEvidence(tunnel, nextHop) ?? `remote ${remote}`, {
    device: tunnel.link.name,
    remote,
    destination: walk.packet.destination,
    wrongNode: far.node.name,
    expected: nodeAddress(walk, tunnel) ?? '',
    farNode: expected.name,
  });
}

/**
 * Compares MAC addresses, because the far device drops frames for another address than its own. Four places must
 * agree: the neighbour and forwarding entries here, the far device, and flannel's annotation of the far node.
 */
function checkVtepMac(walk: WalkState, tunnel: Port, far: Port, nextHop: string): boolean {
  if (tunnel.link.kind !== 'vxlan' || far.link.master !== undefined) return true;
  const neighbour = neighbourOf(tunnel, nextHop);
  if (neighbour?.mac === undefined || far.link.mac === undefined) return true;
  if (sameMac(neighbour.mac, far.link.mac)) return true;
  const annotated = annotatedMac(walk, far.node.name);
  const entry = fdbEvidence(tunnel, nextHop);
  walk.fault(
    'stale-vtep-mac',
    tunnel,
    [
      `neigh: ${neighbourText(neighbour)}`,
      `fdb: ${entry ?? 'none'}`,
      `${far.link.name} on ${far.node.name}: ${far.link.mac}`,
      `annotation of ${far.node.name}: ${annotated ?? 'none'}`,
    ].join('; '),
    {
      device: tunnel.link.name,
      nextHop,
      mac: neighbour.mac,
      real: far.link.mac,
      farNode: far.node.name,
      farDevice: far.link.name,
      annotated: annotated ?? '',
      stale: staleOf(neighbour.mac, far.link.mac, annotated),
      remote: nonEmptyText(far.link.data.local) ?? '',
    },
  );
  return false;
}

function staleOf(mac: string, real: string, annotated: string | undefined): string {
  const isAnnotationStale = annotated !== undefined && !sameMac(annotated, real);
  const parts = [
    'the neighbour entry',
    'the forwarding entry',
    ...(isAnnotationStale ? ['the annotation'] : []),
  ];
  return annotated !== undefined && sameMac(annotated, mac)
    ? `${parts.join(' and ')}: they are consistent, so the remote device has changed its address`
    : parts.join(' and ');
}

/** The MAC address of a node's tunnel device according to flannel's annotation. */
function annotatedMac(walk: WalkState, node: string): string | undefined {
  const object = walk.wiring.facts.objects.nodes?.find(({ name }) => name === node);
  const text = object?.annotations['flannel.alpha.coreos.com/backend-data'];
  return /"VtepMAC":"([0-9a-f:]+)"/i.exec(text ?? '')?.[1];
}

function fdbEvidence(tunnel: Port, nextHop: string): string | undefined {
  const mac = neighbourOf(tunnel, nextHop)?.mac;
  const entry = tunnel.network.fdb?.find(
    (one: FdbEntry) =>
      one.device === tunnel.link.name && mac !== undefined && sameMac(one.mac, mac),
  );
  return entry && fdbText(entry);
}

/** The underlay address of the node that the packet should reach. */
function nodeAddress(walk: WalkState, tunnel: Port): string | undefined {
  const node = walk.aim?.node;
  return node && hostAddress(walk, node.name, nonEmptyText(tunnel.link.data.local));
}

function hostAddress(walk: WalkState, node: string, like: string | undefined): string | undefined {
  const object = walk.wiring.facts.objects.nodes?.find(({ name }) => name === node);
  const isIpv6 = like?.includes(':') === true;
  return object?.addresses.find(
    ({ type, address }) => type === 'InternalIP' && address.includes(':') === isIpv6,
  )?.address;
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
