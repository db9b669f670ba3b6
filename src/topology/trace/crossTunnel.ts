import { nonEmptyText } from '../../jsonObject.ts';
import type { FdbEntry } from '../../tools/ip/fdb.ts';
import type { Link } from '../../tools/ip/link.ts';
import { familyOf, sameAddress } from '../address.ts';
import type { Port } from '../topology.ts';
import { fdbText, findNeighbour, neighbourText, sameMac } from './neighbours.ts';
import { hostAddress, nodeAddress, unreadNode } from './nodeAddresses.ts';
import type { OneWayPath } from './oneWayPath.ts';
import type { WalkState } from './walkState.ts';

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
export function crossTunnel(walk: WalkState, tunnel: Port, nextHop: string): OneWayPath['end'] {
  const { link } = tunnel;
  if (link.data.external === true) {
    walk.addDoubt(
      tunnel,
      `${link.kind} without a fixed remote end`,
      `flows or programs choose the remote end at ${link.name}`,
    );
    return 'unknown';
  }
  const remote = findRemote(walk, tunnel, nextHop);
  if (remote === undefined)
    return walk.unknown.length > 0 && link.kind === 'wireguard' ? 'unknown' : 'stopped';
  const underlay = walk.topology
    .devicesWithAddress(remote)
    .find((port) => walk.topology.isHost(port) && port.node !== tunnel.node);
  if (underlay === undefined) {
    const unread = unreadNode(walk, remote);
    if (unread !== undefined) {
      walk.addDoubt(tunnel, `node ${unread}`, `${link.name} leads to it, and it could not be read`);
      return 'unknown';
    }
    walk.addFault('fdb-wrong-node', tunnel, fdbEvidence(tunnel, nextHop) ?? `remote ${remote}`, {
      device: link.name,
      remote,
      destination: walk.packet.destination,
      expected: nodeAddress(walk, tunnel) ?? '',
    });
    return 'stopped';
  }
  const hasArrived = crossUnderlay(walk, tunnel, remote, underlay);
  if (!hasArrived) return 'stopped';
  const remoteDevice = findRemoteDevice(walk, tunnel, underlay, remote);
  if (remoteDevice === undefined) return 'stopped';
  const end = walk.pass(remoteDevice);
  if (end !== undefined) return end;
  checkExpectedNode(walk, tunnel, remoteDevice, nextHop, remote);
  if (!checkVtepMac(walk, tunnel, remoteDevice, nextHop)) return 'stopped';
  const master = walk.topology.master(remoteDevice);
  return walk.receive(master?.link.kind === 'bridge' ? master : remoteDevice);
}

/** The address of the tunnel's remote end, from its parameters and the neighbour and forwarding tables. */
function findRemote(walk: WalkState, tunnel: Port, nextHop: string): string | undefined {
  const { link } = tunnel;
  const fixed = nonEmptyText(link.data.remote);
  if (link.kind === 'vxlan') return vxlanRemote(walk, tunnel, nextHop, fixed);
  if (fixed !== undefined && fixed !== 'any' && fixed !== '0.0.0.0') return fixed;
  if (link.kind === 'wireguard') {
    walk.addDoubt(
      tunnel,
      'WireGuard peer',
      'only WireGuard knows which peer has an address (wg show)',
    );
    const node = walk.destinationPlace?.node;
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
  const floodDestination =
    entries?.find(({ mac }) => mac === ANY_MAC)?.destination ??
    fixed ??
    nonEmptyText(link.data.group);
  const neighbour = findNeighbour(tunnel, nextHop);
  if (neighbour?.mac === undefined) {
    // With a flood entry, addresses are resolved through the tunnel, so the neighbour entry may be missing.
    if (floodDestination !== undefined) return floodDestination;
    const deviceNeighbours = network.neighbours?.filter(({ device }) => device === link.name) ?? [];
    walk.addFault(
      'vtep-neighbour-missing',
      tunnel,
      neighbour
        ? neighbourText(neighbour)
        : `ip neigh show ${nextHop} dev ${link.name}: nothing, of ${deviceNeighbours.length} entries`,
      { ...values, ...expectedVtep(walk, tunnel, nextHop) },
    );
    return undefined;
  }
  const mac = neighbour.mac;
  const entry = entries?.find((candidate) => sameMac(candidate.mac, mac));
  if (entry?.destination !== undefined) return entry.destination;
  if (floodDestination !== undefined) return floodDestination;
  if (network.fdb === undefined) {
    walk.addDoubt(tunnel, 'forwarding table', 'it could not be read');
    return undefined;
  }
  walk.addFault(
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
  const remoteDevice = walk.topology
    .devicesWithAddress(nextHop)
    .find(({ node, link }) => node !== tunnel.node && link.kind === tunnel.link.kind);
  const remote =
    remoteDevice &&
    (nonEmptyText(remoteDevice.link.data.local) ??
      hostAddress(walk, remoteDevice.node.name, nonEmptyText(tunnel.link.data.local)));
  return {
    ...(remoteDevice?.link.mac && { real: remoteDevice.link.mac }),
    ...(remote && { remote }),
    ...(remoteDevice && { farNode: remoteDevice.node.name }),
  };
}

/** Follows the encapsulated packet between the nodes. */
function crossUnderlay(walk: WalkState, tunnel: Port, remote: string, end: Port): boolean {
  const { link } = tunnel;
  const port = numberOf(link.data.port);
  const local = nonEmptyText(link.data.local) ?? '';
  const isBound = !['', 'any', '0.0.0.0', '::'].includes(local);
  if (isBound && walk.topology.hasAddress(tunnel, local) === false) {
    walk.addFault(
      'tunnel-address-missing',
      tunnel,
      `${link.name} local ${local}; no device has it`,
      {
        device: link.name,
        local,
        expected: hostAddress(walk, tunnel.node.name, local) ?? '',
      },
    );
    return false;
  }
  const isUdp = link.kind === 'vxlan' || link.kind === 'geneve' || link.kind === 'wireguard';
  const outer = walk.walkOf(
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
  const outerPath = outer.sendFrom({ node: tunnel.node, network: tunnel.network });
  const words = [
    link.kind,
    ...(link.data.id === undefined ? [] : [`VNI ${link.data.id}`]),
    ...(port === undefined ? [] : [`UDP ${port}`]),
    `to ${remote}`,
  ];
  const first = outerPath.hops[0];
  if (first) walk.hops.push({ ...first, detail: words.join(' ') }, ...outerPath.hops.slice(1));
  walk.decisions.push(...outerPath.decisions);
  walk.faults.push(...outerPath.faults);
  walk.unknown.push(...outerPath.unknown);
  walk.questions.push(...outer.questions);
  checkOuterMtu(walk, tunnel, remote, outerPath);
  return outerPath.end === 'delivered';
}

/** Checks that the largest packets of the tunnel, with its headers, fit through the devices underneath. */
function checkOuterMtu(walk: WalkState, tunnel: Port, remote: string, outerPath: OneWayPath): void {
  const { link } = tunnel;
  const overhead = (OVERHEAD[link.kind ?? ''] ?? 0) + (familyOf(remote) === 6 ? 20 : 0);
  const narrowest = outerPath.hops
    .filter(({ mtu, kind }) => mtu !== undefined && kind !== 'loopback')
    .toSorted((a, b) => (a.mtu ?? 0) - (b.mtu ?? 0))[0];
  if (narrowest?.mtu === undefined || narrowest.mtu - overhead >= link.mtu) return;
  const node = narrowest.node ?? '';
  const nodeFacts = walk.topology.node(node);
  const host = nodeFacts && walk.topology.hostPlace(nodeFacts);
  const device = host && walk.topology.device(host, narrowest.device);
  walk.addFault(
    'mtu-mismatch',
    device ?? tunnel,
    `${narrowest.device} on ${node} mtu ${narrowest.mtu}, less ${overhead} for ${link.kind}: ${narrowest.mtu - overhead}; ${link.name} mtu ${link.mtu}`,
    {
      device: narrowest.device ?? '',
      mtu: `${narrowest.mtu}`,
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
function acceptsFamily({ data }: Link, family: 4 | 6): boolean {
  const local = nonEmptyText(data.local);
  return local === undefined || local === 'any' || familyOf(local) === family;
}

/** The same tunnel's device on the far node. `end` is the device there that has the remote address of the tunnel. */
function findRemoteDevice(
  walk: WalkState,
  tunnel: Port,
  end: Port,
  remote: string,
): Port | undefined {
  const { link } = tunnel;
  const remoteLinks = (end.network.links ?? []).map((remoteLink) => ({
    node: end.node,
    network: end.network,
    link: remoteLink,
  }));
  const family = familyOf(remote);
  const sameKind = remoteLinks.filter(
    (candidate) => candidate.link.kind === link.kind && acceptsFamily(candidate.link, family),
  );
  const values = { device: link.name, kind: link.kind ?? '', farNode: end.node.name };
  if (sameKind.length === 0) {
    if (end.network.links === undefined) return undefined;
    walk.addFault('tunnel-missing', end, `no ${link.kind} device on ${end.node.name}`, values);
    return undefined;
  }
  if (link.kind !== 'vxlan' && link.kind !== 'geneve') {
    return (
      sameKind.find((candidate) =>
        sameAddress(
          nonEmptyText(candidate.link.data.local) ?? '',
          nonEmptyText(link.data.remote) ?? '-',
        ),
      ) ?? sameKind[0]
    );
  }
  const byId = sameKind.find((candidate) => candidate.link.data.id === link.data.id);
  const remoteDevice = byId ?? sameKind[0];
  if (remoteDevice === undefined) return undefined;
  const difference =
    byId === undefined ? 'id' : remoteDevice.link.data.port === link.data.port ? undefined : 'port';
  if (difference !== undefined) {
    walk.addFault(
      'tunnel-mismatch',
      remoteDevice,
      `${remoteDevice.link.name} on ${remoteDevice.node.name}: ${difference} ${remoteDevice.link.data[difference]}; ${link.name} on ${tunnel.node.name}: ${difference} ${link.data[difference]}`,
      {
        ...values,
        differs: difference,
        far: `${remoteDevice.link.data[difference]}`,
        near: `${link.data[difference]}`,
      },
    );
    return undefined;
  }
  return remoteDevice;
}

/** Checks that the forwarding table names the node that has the destination. */
function checkExpectedNode(
  walk: WalkState,
  tunnel: Port,
  remoteDevice: Port,
  nextHop: string,
  remote: string,
): void {
  const expected = walk.destinationPlace?.node;
  if (expected === undefined || expected === remoteDevice.node) return;
  walk.addFault('fdb-wrong-node', tunnel, fdbEvidence(tunnel, nextHop) ?? `remote ${remote}`, {
    device: tunnel.link.name,
    remote,
    destination: walk.packet.destination,
    wrongNode: remoteDevice.node.name,
    expected: nodeAddress(walk, tunnel) ?? '',
    farNode: expected.name,
  });
}

/**
 * Compares MAC addresses, because the far device drops frames for another address than its own. Four places must
 * agree: the neighbour and forwarding entries here, the far device, and flannel's annotation of the far node.
 */
function checkVtepMac(walk: WalkState, tunnel: Port, remoteDevice: Port, nextHop: string): boolean {
  if (tunnel.link.kind !== 'vxlan' || remoteDevice.link.master !== undefined) return true;
  const neighbour = findNeighbour(tunnel, nextHop);
  if (neighbour?.mac === undefined || remoteDevice.link.mac === undefined) return true;
  if (sameMac(neighbour.mac, remoteDevice.link.mac)) return true;
  const annotated = annotatedMac(walk, remoteDevice.node.name);
  const entry = fdbEvidence(tunnel, nextHop);
  walk.addFault(
    'stale-vtep-mac',
    tunnel,
    [
      `neigh: ${neighbourText(neighbour)}`,
      `fdb: ${entry ?? 'none'}`,
      `${remoteDevice.link.name} on ${remoteDevice.node.name}: ${remoteDevice.link.mac}`,
      `annotation of ${remoteDevice.node.name}: ${annotated ?? 'none'}`,
    ].join('; '),
    {
      device: tunnel.link.name,
      nextHop,
      mac: neighbour.mac,
      real: remoteDevice.link.mac,
      farNode: remoteDevice.node.name,
      farDevice: remoteDevice.link.name,
      annotated: annotated ?? '',
      stale: staleText(neighbour.mac, remoteDevice.link.mac, annotated),
      remote: nonEmptyText(remoteDevice.link.data.local) ?? '',
    },
  );
  return false;
}

function staleText(mac: string, actual: string, annotated: string | undefined): string {
  const isAnnotationStale = annotated !== undefined && !sameMac(annotated, actual);
  const staleEntries = [
    'the neighbour entry',
    'the forwarding entry',
    ...(isAnnotationStale ? ['the annotation'] : []),
  ];
  return annotated !== undefined && sameMac(annotated, mac)
    ? `${staleEntries.join(' and ')}: they are consistent, so the remote device has changed its address`
    : staleEntries.join(' and ');
}

/** The MAC address of a node's tunnel device according to flannel's annotation. */
function annotatedMac(walk: WalkState, node: string): string | undefined {
  const object = walk.topology.facts.objects.nodes?.find(({ name }) => name === node);
  const text = object?.annotations['flannel.alpha.coreos.com/backend-data'];
  return /"VtepMAC":"([0-9a-f:]+)"/i.exec(text ?? '')?.[1];
}

function fdbEvidence(tunnel: Port, nextHop: string): string | undefined {
  const mac = findNeighbour(tunnel, nextHop)?.mac;
  const entry = tunnel.network.fdb?.find(
    (candidate: FdbEntry) =>
      candidate.device === tunnel.link.name && mac !== undefined && sameMac(candidate.mac, mac),
  );
  return entry && fdbText(entry);
}

/** The underlay address of the node that the packet should reach. */
function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
