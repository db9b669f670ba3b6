import type { FdbEntry } from '../../tools/ip/fdb.ts';
import { sameAddress } from '../address.ts';
import type { Port } from '../wiring.ts';
import { checkNeighbour, resolvesNothing, sameMac } from './neighbours.ts';
import { isWired, overWire } from './overWire.ts';
import { checkMtu, mayForward } from './segmentChecks.ts';
import type { WalkState } from './walkState.ts';
import type { Way } from './way.ts';

/** Moves the packet from a device over its segment to the device that has the next hop. */
export function crossSegment(walk: WalkState, port: Port, nextHop: string): Way['end'] {
  const { link } = port;
  switch (link.kind) {
    case 'bridge':
      return acrossBridge(walk, port, undefined, nextHop);
    case 'veth':
    case 'netkit': {
      const peer = walk.wiring.otherEnd(port);
      return peer === undefined
        ? overWire(walk, port, nextHop)
        : overPair(walk, port, peer, nextHop);
    }
    case 'vlan': {
      const below = walk.wiring.otherEnd(port);
      if (below === undefined) return overWire(walk, port, nextHop);
      walk.hop(port, `VLAN ${link.data.id ?? ''}`.trim());
      return throughBelow(walk, port, below, nextHop);
    }
    case 'macvlan':
    case 'macvtap':
    case 'ipvlan': {
      const below = walk.wiring.otherEnd(port);
      return below === undefined
        ? overWire(walk, port, nextHop)
        : throughBelow(walk, port, below, nextHop);
    }
    case 'bond':
    case 'team':
      walk.hop(port, portsText(walk, port));
      return overWire(walk, port, nextHop);
    case 'tun':
    case 'xfrm':
    case 'vti':
      walk.doubt(
        port,
        `${link.kind} device`,
        `a program or policy handles its packets at ${link.name}`,
      );
      return 'unknown';
    default:
      return overWire(walk, port, nextHop);
  }
}

/** The most ports of a bridge that are named. */
const MOST_PORTS = 3;

function portsText(walk: WalkState, port: Port): string {
  const names = walk.wiring.portsOf(port).map(({ link }) => link.name);
  if (names.length === 0) return 'no ports';
  const more = names.length - MOST_PORTS;
  const shown = names.slice(0, more > 1 ? MOST_PORTS : names.length).join(', ');
  return `ports ${shown}${more > 1 ? ` and ${more} more` : ''}`;
}

/** Crosses a device on top of another one, such as a VLAN or macvlan: packets leave by the lower device. */
function throughBelow(walk: WalkState, port: Port, below: Port, nextHop: string): Way['end'] {
  const end = walk.pass(below);
  if (end !== undefined) return end;
  // Devices on top of the same device reach each other within the node.
  const sibling = walk.wiring
    .withAddress(nextHop)
    .find(
      (one) =>
        one.node === port.node &&
        one.link.kind === port.link.kind &&
        walk.wiring.otherEnd(one)?.link === below.link,
    );
  if (sibling !== undefined) return walk.pass(sibling) ?? walk.arrive(sibling);
  const bridge = walk.wiring.master(below);
  if (bridge?.link.kind === 'bridge') return acrossBridge(walk, bridge, below, nextHop);
  return overWire(walk, port, nextHop);
}

/** Crosses a pair to its other end, which is a port of a bridge or a device of the network layer. */
function overPair(walk: WalkState, port: Port, peer: Port, nextHop: string): Way['end'] {
  const end = walk.pass(peer);
  if (end !== undefined) return end;
  checkMtu(walk, port, peer);
  const master = walk.wiring.master(peer);
  if (master?.link.kind === 'bridge') return acrossBridge(walk, master, peer, nextHop, port);
  if (master !== undefined && master.link.kind !== 'vrf') {
    walk.doubt(
      master,
      `${master.link.kind ?? 'unknown'} device`,
      `it is unknown what it does with packets of ${peer.link.name}`,
    );
    return 'unknown';
  }
  const owner = walk.wiring.hasAddress(peer, nextHop) ? peer : undefined;
  checkNeighbour(walk, port, nextHop, owner && { ...owner, link: peer.link });
  if (owner === undefined && !answersFor(peer, port, nextHop)) {
    walk.fault(
      'gateway-unreachable',
      port,
      `${nextHop} is not an address of ${peer.link.name} and proxy_arp is 0`,
      {
        gateway: nextHop,
        device: port.link.name,
        peer: peer.link.name,
      },
    );
    return 'stopped';
  }
  return walk.arrive(peer);
}

/** Whether the peer resolves the next hop: from a neighbour entry, because no resolution is needed, or by proxy ARP. */
function answersFor(peer: Port, port: Port, nextHop: string): boolean {
  const entry = port.network.neighbours?.find(
    (one) => one.device === port.link.name && sameAddress(one.address, nextHop),
  );
  const isKnown =
    entry?.mac !== undefined &&
    (peer.link.mac === undefined || sameMac(entry.mac, peer.link.mac)) &&
    !entry.state.includes('FAILED');
  if (isKnown || resolvesNothing(port)) return true;
  return proxies(peer, nextHop);
}

/** Whether a device answers ARP for other addresses; true if its settings were not read. */
function proxies({ network, link }: Port, address: string): boolean {
  const family = address.includes(':') ? 'ipv6' : 'ipv4';
  const name = family === 'ipv4' ? 'proxy_arp' : 'proxy_ndp';
  const values = ['all', link.name].map(
    (device) => network.sysctls?.[`${family}/conf/${device}/${name}`],
  );
  return values.every((value) => value === undefined) || values.includes('1');
}

/**
 * Crosses a bridge: up to the bridge itself if it has the next hop, otherwise out of the port in the forwarding
 * table, or of the port with the address behind it. `inPort` is undefined for packets from the node itself.
 * `sender` is the device that resolved the next hop.
 */
function acrossBridge(
  walk: WalkState,
  bridge: Port,
  inPort: Port | undefined,
  nextHop: string,
  sender: Port = bridge,
): Way['end'] {
  const end = walk.pass(bridge, portsText(walk, bridge));
  if (end !== undefined) return end;
  if (inPort && !(mayForward(walk, inPort) && entersBridge(walk, inPort))) return 'stopped';
  const isOwn = walk.wiring.hasAddress(bridge, nextHop) === true;
  if (isOwn && inPort !== undefined) {
    checkNeighbour(walk, sender, nextHop, ownMac(bridge, nextHop));
    return upBridge(walk, bridge, inPort);
  }
  const owner = behindBridge(walk, bridge, nextHop);
  const mac = checkNeighbour(walk, sender, nextHop, owner?.end);
  // A bridge with proxy ARP receives the frames for the addresses that it answers for.
  if (inPort !== undefined && mac !== undefined && isBridgesOwn(bridge, mac))
    return upBridge(walk, bridge, inPort);
  const outPort = portFor(walk, bridge, mac) ?? owner?.port;
  if (outPort === undefined) return nowhereBehind(walk, bridge, inPort, nextHop, sender);
  if (inPort !== undefined) {
    walk.bridged.push(bridge);
    if (outPort.link === inPort.link && outPort.link.portData.hairpin !== true) {
      hairpinFault(walk, outPort);
      return 'stopped';
    }
    if (bridgeFilters(bridge)) {
      const ports = { inPort: inPort.link.name, outPort: outPort.link.name };
      const name = bridge.link.name;
      const devices = { inDevice: name, outDevice: name, ...ports };
      if (walk.rules(bridge, 'forward', devices) === 'stopped') return 'stopped';
    }
    if (inPort.link.portData.isolated === true && outPort.link.portData.isolated === true) {
      walk.fault(
        'port-isolated',
        outPort,
        `${inPort.link.name} and ${outPort.link.name}: isolated on`,
        {
          device: outPort.link.name,
          other: inPort.link.name,
        },
      );
      return 'stopped';
    }
  } else if (walk.enteredBy?.link === outPort.link && outPort.link.portData.hairpin !== true) {
    hairpinFault(walk, outPort);
    return 'stopped';
  }
  const frame = {
    outDevice: outPort.link.name,
    ...(inPort && { inDevice: inPort.link.name }),
  };
  const hook = inPort === undefined ? 'output' : 'forward';
  if (walk.rules(bridge, hook, frame, 'bridge') === 'stopped') return 'stopped';
  return outOfPort(walk, outPort, nextHop);
}

/** Moves the packet from a bridge port up to the network layer of its node. */
function upBridge(walk: WalkState, bridge: Port, inPort: Port): Way['end'] {
  walk.enteredBy = inPort;
  const devices = { inDevice: inPort.link.name };
  if (walk.rules(bridge, 'input', devices, 'bridge') === 'stopped') return 'stopped';
  return walk.arrive(bridge);
}

/** Whether rules accept a frame that arrives on a bridge port. */
function entersBridge(walk: WalkState, port: Port): boolean {
  const devices = { inDevice: port.link.name };
  return (
    walk.rules(port, 'ingress', devices, 'device') === 'passed' &&
    walk.rules(port, 'prerouting', devices, 'bridge') === 'passed'
  );
}

function hairpinFault(walk: WalkState, port: Port): void {
  walk.fault('hairpin-off', port, `${port.link.name}: hairpin off`, { device: port.link.name });
}

/** The bridge, if it has the address; its MAC address is then the expected one. */
function ownMac(bridge: Port, address: string): Port | undefined {
  const has = bridge.link.addresses.some((one) => sameAddress(one.address, address));
  return has ? bridge : undefined;
}

function bridgeFilters(bridge: Port): boolean {
  const sysctl = bridge.network.sysctls?.['bridge/bridge-nf-call-iptables'];
  return sysctl === '1' || bridge.link.data.nf_call_iptables === 1;
}

/** The port in the bridge's forwarding table for a MAC address. */
function portFor(walk: WalkState, bridge: Port, mac: string | undefined): Port | undefined {
  if (mac === undefined) return undefined;
  const entry = bridge.network.fdb?.find(
    (one) => one.master === bridge.link.name && sameMac(one.mac, mac) && !isLocal(one),
  );
  return entry && walk.wiring.device(bridge, entry.device);
}

/**
 * Whether an entry is for a port's own MAC address (`permanent` in `bridge fdb`). Such entries lead to the bridge
 * itself.
 */
function isLocal({ state }: FdbEntry): boolean {
  return state === 'permanent';
}

function isBridgesOwn({ link, network }: Port, mac: string): boolean {
  return (
    sameMac(link.mac ?? '', mac) ||
    network.fdb?.some(
      (one) => one.master === link.name && sameMac(one.mac, mac) && isLocal(one),
    ) === true
  );
}

/** The bridge port with an address behind it, and the device that has the address. */
function behindBridge(
  walk: WalkState,
  bridge: Port,
  address: string,
): { port: Port; end: Port } | undefined {
  const ports = walk.wiring.portsOf(bridge);
  const found = walk.wiring.withAddress(address).flatMap((end) => {
    const other =
      end.link.kind === 'veth' || end.link.kind === 'netkit'
        ? walk.wiring.otherEnd(end)
        : undefined;
    const port = ports.find(
      ({ link, network }) => link === other?.link && network === bridge.network,
    );
    return port === undefined ? [] : [{ port, end }];
  });
  return found.find(({ end }) => walk.aim?.network === end.network) ?? found[0];
}

/** Handles a next hop that no known device behind the bridge has. */
function nowhereBehind(
  walk: WalkState,
  bridge: Port,
  inPort: Port | undefined,
  nextHop: string,
  sender: Port,
): Way['end'] {
  const detached = walk.wiring
    .withAddress(nextHop)
    .find(({ node, link }) => node === bridge.node && link.kind === 'veth');
  const hostEnd = detached && walk.wiring.otherEnd(detached);
  if (hostEnd !== undefined && hostEnd.network === bridge.network) {
    walk.fault(
      'port-detached',
      hostEnd,
      `${hostEnd.link.name}: ${hostEnd.link.master ? `master ${hostEnd.link.master}` : 'no master'}`,
      {
        device: hostEnd.link.name,
        bridge: bridge.link.name,
        address: nextHop,
      },
    );
    return 'stopped';
  }
  const ways = walk.wiring.portsOf(bridge).filter((port) => port.link !== inPort?.link);
  // If the uplink is a port of the bridge, the next hop is on the wire.
  const uplink = ways.find(({ link }) => isWired(link));
  if (uplink !== undefined) return walk.pass(uplink) ?? overWire(walk, uplink, nextHop);
  const other = ways.find((port) => !leadsToPod(walk, port));
  if (other !== undefined) {
    walk.hop(other);
    const { name, kind = 'unknown' } = other.link;
    walk.doubt(other, `${kind} device`, `it is unknown what is behind ${name}; ${nextHop} may be`);
    return 'unknown';
  }
  if (sameAddress(nextHop, walk.packet.destination)) {
    const evidence = `no port of ${bridge.link.name} leads to ${nextHop}`;
    const owners = walk.wiring.withAddress(nextHop);
    // A bridge without an address is not a gateway: it reaches other nodes only on the link layer, and the port that
    // leads there may be missing.
    const isGateway = bridge.link.addresses.some(
      ({ address, scope }) => scope === 'global' && address.includes(':') === nextHop.includes(':'),
    );
    if (isGateway && owners.length > 0 && owners.every(({ node }) => node !== bridge.node)) {
      if (inPort !== undefined && proxies(bridge, nextHop)) return upBridge(walk, bridge, inPort);
      const { name } = sender.link;
      walk.fault('route-wrong', sender, `${evidence}, which is on ${owners[0]?.node.name}`, {
        destination: nextHop,
        device: name,
      });
      return 'stopped';
    }
    if (owners.length > 0) {
      // Another device has the address, but nothing that was read leads from this bridge to it.
      walk.doubt(bridge, 'bridge', evidence);
      return 'unknown';
    }
    walk.fault('address-unused', bridge, evidence, { address: nextHop, device: bridge.link.name });
    return 'stopped';
  }
  walk.fault('gateway-unreachable', sender, `no device behind ${bridge.link.name} has ${nextHop}`, {
    gateway: nextHop,
    device: sender.link.name,
    peer: bridge.link.name,
  });
  return 'stopped';
}

/** Whether everything behind a bridge port is known: a pair whose other end is in another namespace. */
function leadsToPod(walk: WalkState, port: Port): boolean {
  const end = walk.wiring.otherEnd(port);
  return port.link.kind === 'veth' && end !== undefined && end.network !== port.network;
}

function outOfPort(walk: WalkState, outPort: Port, nextHop: string): Way['end'] {
  const end = walk.pass(outPort);
  if (end !== undefined) return end;
  if (!mayForward(walk, outPort)) return 'stopped';
  const devices = { outDevice: outPort.link.name };
  if (walk.rules(outPort, 'postrouting', devices, 'bridge') === 'stopped') return 'stopped';
  if (walk.rules(outPort, 'egress', devices, 'device') === 'stopped') return 'stopped';
  const peer = walk.wiring.otherEnd(outPort);
  if (peer === undefined) return overWire(walk, outPort, nextHop);
  const peerEnd = walk.pass(peer);
  if (peerEnd !== undefined) return peerEnd;
  checkMtu(walk, outPort, peer);
  return walk.arrive(peer);
}
