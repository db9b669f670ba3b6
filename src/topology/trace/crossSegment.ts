import type { FdbEntry } from '../../tools/ip/fdb.ts';
import { sameAddress } from '../address.ts';
import type { Port } from '../topology.ts';
import { crossWire, isWired } from './crossWire.ts';
import { checkNeighbour, needsNoResolution, sameMac } from './neighbours.ts';
import type { OneWayPath } from './oneWayPath.ts';
import { canForward, checkMtu } from './segmentChecks.ts';
import type { WalkState } from './walkState.ts';

/** Moves the packet from a device over its segment to the device that has the next hop. */
export function crossSegment(walk: WalkState, port: Port, nextHop: string): OneWayPath['end'] {
  const { link } = port;
  switch (link.kind) {
    case 'bridge':
      return crossBridge(walk, port, undefined, nextHop);
    case 'veth':
    case 'netkit': {
      const peer = walk.topology.otherEnd(port);
      return peer === undefined
        ? crossWire(walk, port, nextHop)
        : crossPair(walk, port, peer, nextHop);
    }
    case 'vlan': {
      const lower = walk.topology.otherEnd(port);
      if (lower === undefined) return crossWire(walk, port, nextHop);
      walk.addHop(port, `VLAN ${link.data.id ?? ''}`.trim());
      return crossLowerDevice(walk, port, lower, nextHop);
    }
    case 'macvlan':
    case 'macvtap':
    case 'ipvlan': {
      const lower = walk.topology.otherEnd(port);
      return lower === undefined
        ? crossWire(walk, port, nextHop)
        : crossLowerDevice(walk, port, lower, nextHop);
    }
    case 'bond':
    case 'team':
      walk.addHop(port, portsText(walk, port));
      return crossWire(walk, port, nextHop);
    case 'tun':
    case 'xfrm':
    case 'vti':
      walk.addDoubt(
        port,
        `${link.kind} device`,
        `a program or policy handles its packets at ${link.name}`,
      );
      return 'unknown';
    default:
      return crossWire(walk, port, nextHop);
  }
}

/** The most ports of a bridge that are named. */
const MAX_PORTS = 3;

function portsText(walk: WalkState, port: Port): string {
  const names = walk.topology.portsOf(port).map(({ link }) => link.name);
  if (names.length === 0) return 'no ports';
  const more = names.length - MAX_PORTS;
  const listed = names.slice(0, more > 1 ? MAX_PORTS : names.length).join(', ');
  return `ports ${listed}${more > 1 ? ` and ${more} more` : ''}`;
}

/** Crosses a device on top of another one, such as a VLAN or macvlan: packets leave by the lower device. */
function crossLowerDevice(
  walk: WalkState,
  port: Port,
  lower: Port,
  nextHop: string,
): OneWayPath['end'] {
  const end = walk.pass(lower);
  if (end !== undefined) return end;
  // Devices on top of the same device reach each other within the node.
  const sibling = walk.topology
    .devicesWithAddress(nextHop)
    .find(
      (candidate) =>
        candidate.node === port.node &&
        candidate.link.kind === port.link.kind &&
        walk.topology.otherEnd(candidate)?.link === lower.link,
    );
  if (sibling !== undefined) return walk.pass(sibling) ?? walk.receive(sibling);
  const bridge = walk.topology.master(lower);
  if (bridge?.link.kind === 'bridge') return crossBridge(walk, bridge, lower, nextHop);
  return crossWire(walk, port, nextHop);
}

/** Crosses a pair to its other end, which is a port of a bridge or a device of the network layer. */
function crossPair(walk: WalkState, port: Port, peer: Port, nextHop: string): OneWayPath['end'] {
  const end = walk.pass(peer);
  if (end !== undefined) return end;
  checkMtu(walk, port, peer);
  const master = walk.topology.master(peer);
  if (master?.link.kind === 'bridge') return crossBridge(walk, master, peer, nextHop, port);
  if (master !== undefined && master.link.kind !== 'vrf') {
    walk.addDoubt(
      master,
      `${master.link.kind ?? 'unknown'} device`,
      `it is unknown what it does with packets of ${peer.link.name}`,
    );
    return 'unknown';
  }
  const owner = walk.topology.hasAddress(peer, nextHop) ? peer : undefined;
  checkNeighbour(walk, port, nextHop, owner && { ...owner, link: peer.link });
  if (owner === undefined && !canResolve(peer, port, nextHop)) {
    walk.addFault(
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
  return walk.receive(peer);
}

/** Whether the peer resolves the next hop: from a neighbour entry, because no resolution is needed, or by proxy ARP. */
function canResolve(peer: Port, port: Port, nextHop: string): boolean {
  const entry = port.network.neighbours?.find(
    (neighbour) => neighbour.device === port.link.name && sameAddress(neighbour.address, nextHop),
  );
  const isKnown =
    entry?.mac !== undefined &&
    (peer.link.mac === undefined || sameMac(entry.mac, peer.link.mac)) &&
    !entry.state.includes('FAILED');
  if (isKnown || needsNoResolution(port)) return true;
  return hasProxyArp(peer, nextHop);
}

/** Whether a device answers ARP for other addresses; true if its settings were not read. */
function hasProxyArp({ network, link }: Port, address: string): boolean {
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
function crossBridge(
  walk: WalkState,
  bridge: Port,
  inPort: Port | undefined,
  nextHop: string,
  sender: Port = bridge,
): OneWayPath['end'] {
  const end = walk.pass(bridge, portsText(walk, bridge));
  if (end !== undefined) return end;
  if (inPort && !(canForward(walk, inPort) && isAcceptedFromPort(walk, inPort))) return 'stopped';
  const isOwn = walk.topology.hasAddress(bridge, nextHop) === true;
  if (isOwn && inPort !== undefined) {
    checkNeighbour(walk, sender, nextHop, bridgeWithAddress(bridge, nextHop));
    return enterBridge(walk, bridge, inPort);
  }
  const owner = findBehindBridge(walk, bridge, nextHop);
  const mac = checkNeighbour(walk, sender, nextHop, owner?.end);
  // A bridge with proxy ARP receives the frames for the addresses that it answers for.
  if (inPort !== undefined && mac !== undefined && isBridgeMac(bridge, mac))
    return enterBridge(walk, bridge, inPort);
  const outPort = fdbPort(walk, bridge, mac) ?? owner?.port;
  if (outPort === undefined) return handleUnknownNextHop(walk, bridge, inPort, nextHop, sender);
  if (inPort !== undefined) {
    walk.bridged.push(bridge);
    if (outPort.link === inPort.link && outPort.link.portData.hairpin !== true) {
      addHairpinFault(walk, outPort);
      return 'stopped';
    }
    if (callsIptables(bridge)) {
      const ports = { inPort: inPort.link.name, outPort: outPort.link.name };
      const name = bridge.link.name;
      const devices = { inDevice: name, outDevice: name, ...ports };
      if (walk.applyRules(bridge, 'forward', devices) === 'stopped') return 'stopped';
    }
    if (inPort.link.portData.isolated === true && outPort.link.portData.isolated === true) {
      walk.addFault(
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
    addHairpinFault(walk, outPort);
    return 'stopped';
  }
  const frame = {
    outDevice: outPort.link.name,
    ...(inPort && { inDevice: inPort.link.name }),
  };
  const hook = inPort === undefined ? 'output' : 'forward';
  if (walk.applyRules(bridge, hook, frame, 'bridge') === 'stopped') return 'stopped';
  return sendFromPort(walk, outPort, nextHop);
}

/** Moves the packet from a bridge port up to the network layer of its node. */
function enterBridge(walk: WalkState, bridge: Port, inPort: Port): OneWayPath['end'] {
  walk.enteredBy = inPort;
  const devices = { inDevice: inPort.link.name };
  if (walk.applyRules(bridge, 'input', devices, 'bridge') === 'stopped') return 'stopped';
  return walk.receive(bridge);
}

/** Whether rules accept a frame that arrives on a bridge port. */
function isAcceptedFromPort(walk: WalkState, port: Port): boolean {
  const devices = { inDevice: port.link.name };
  return (
    walk.applyRules(port, 'ingress', devices, 'device') === 'passed' &&
    walk.applyRules(port, 'prerouting', devices, 'bridge') === 'passed'
  );
}

function addHairpinFault(walk: WalkState, port: Port): void {
  walk.addFault('hairpin-off', port, `${port.link.name}: hairpin off`, { device: port.link.name });
}

/** The bridge, if it has the address; its MAC address is then the expected one. */
function bridgeWithAddress(bridge: Port, address: string): Port | undefined {
  const hasAddress = bridge.link.addresses.some((assigned) =>
    sameAddress(assigned.address, address),
  );
  return hasAddress ? bridge : undefined;
}

function callsIptables(bridge: Port): boolean {
  const sysctl = bridge.network.sysctls?.['bridge/bridge-nf-call-iptables'];
  return sysctl === '1' || bridge.link.data.nf_call_iptables === 1;
}

/** The port in the bridge's forwarding table for a MAC address. */
function fdbPort(walk: WalkState, bridge: Port, mac: string | undefined): Port | undefined {
  if (mac === undefined) return undefined;
  const entry = bridge.network.fdb?.find(
    (candidate) =>
      candidate.master === bridge.link.name &&
      sameMac(candidate.mac, mac) &&
      !isLocalEntry(candidate),
  );
  return entry && walk.topology.device(bridge, entry.device);
}

/**
 * Whether an entry is for a port's own MAC address (`permanent` in `bridge fdb`). Such entries lead to the bridge
 * itself.
 */
function isLocalEntry({ state }: FdbEntry): boolean {
  return state === 'permanent';
}

function isBridgeMac({ link, network }: Port, mac: string): boolean {
  return (
    sameMac(link.mac ?? '', mac) ||
    network.fdb?.some(
      (candidate) =>
        candidate.master === link.name && sameMac(candidate.mac, mac) && isLocalEntry(candidate),
    ) === true
  );
}

/** The bridge port with an address behind it, and the device that has the address. */
function findBehindBridge(
  walk: WalkState,
  bridge: Port,
  address: string,
): { port: Port; end: Port } | undefined {
  const ports = walk.topology.portsOf(bridge);
  const candidates = walk.topology.devicesWithAddress(address).flatMap((end) => {
    const peer =
      end.link.kind === 'veth' || end.link.kind === 'netkit'
        ? walk.topology.otherEnd(end)
        : undefined;
    const port = ports.find(
      ({ link, network }) => link === peer?.link && network === bridge.network,
    );
    return port === undefined ? [] : [{ port, end }];
  });
  return (
    candidates.find(({ end }) => walk.destinationPlace?.network === end.network) ?? candidates[0]
  );
}

/** Handles a next hop that no known device behind the bridge has. */
function handleUnknownNextHop(
  walk: WalkState,
  bridge: Port,
  inPort: Port | undefined,
  nextHop: string,
  sender: Port,
): OneWayPath['end'] {
  const detached = walk.topology
    .devicesWithAddress(nextHop)
    .find(({ node, link }) => node === bridge.node && link.kind === 'veth');
  const hostEnd = detached && walk.topology.otherEnd(detached);
  if (hostEnd !== undefined && hostEnd.network === bridge.network) {
    walk.addFault(
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
  const otherPorts = walk.topology.portsOf(bridge).filter((port) => port.link !== inPort?.link);
  // If the uplink is a port of the bridge, the next hop is on the wire.
  const uplink = otherPorts.find(({ link }) => isWired(link));
  if (uplink !== undefined) return walk.pass(uplink) ?? crossWire(walk, uplink, nextHop);
  const unknownPort = otherPorts.find((port) => !leadsToPod(walk, port));
  if (unknownPort !== undefined) {
    walk.addHop(unknownPort);
    const { name, kind = 'unknown' } = unknownPort.link;
    walk.addDoubt(
      unknownPort,
      `${kind} device`,
      `it is unknown what is behind ${name}; ${nextHop} may be`,
    );
    return 'unknown';
  }
  if (sameAddress(nextHop, walk.packet.destination)) {
    const evidence = `no port of ${bridge.link.name} leads to ${nextHop}`;
    const owners = walk.topology.devicesWithAddress(nextHop);
    // A bridge without an address is not a gateway: it reaches other nodes only on the link layer, and the port that
    // leads there may be missing.
    const isGateway = bridge.link.addresses.some(
      ({ address, scope }) => scope === 'global' && address.includes(':') === nextHop.includes(':'),
    );
    if (isGateway && owners.length > 0 && owners.every(({ node }) => node !== bridge.node)) {
      if (inPort !== undefined && hasProxyArp(bridge, nextHop))
        return enterBridge(walk, bridge, inPort);
      const { name } = sender.link;
      walk.addFault('route-wrong', sender, `${evidence}, which is on ${owners[0]?.node.name}`, {
        destination: nextHop,
        device: name,
      });
      return 'stopped';
    }
    if (owners.length > 0) {
      // Another device has the address, but nothing that was read leads from this bridge to it.
      walk.addDoubt(bridge, 'bridge', evidence);
      return 'unknown';
    }
    walk.addFault('address-unused', bridge, evidence, {
      address: nextHop,
      device: bridge.link.name,
    });
    return 'stopped';
  }
  walk.addFault(
    'gateway-unreachable',
    sender,
    `no device behind ${bridge.link.name} has ${nextHop}`,
    {
      gateway: nextHop,
      device: sender.link.name,
      peer: bridge.link.name,
    },
  );
  return 'stopped';
}

/** Whether everything behind a bridge port is known: a pair whose other end is in another namespace. */
function leadsToPod(walk: WalkState, port: Port): boolean {
  const end = walk.topology.otherEnd(port);
  return port.link.kind === 'veth' && end !== undefined && end.network !== port.network;
}

function sendFromPort(walk: WalkState, outPort: Port, nextHop: string): OneWayPath['end'] {
  const end = walk.pass(outPort);
  if (end !== undefined) return end;
  if (!canForward(walk, outPort)) return 'stopped';
  const devices = { outDevice: outPort.link.name };
  if (walk.applyRules(outPort, 'postrouting', devices, 'bridge') === 'stopped') return 'stopped';
  if (walk.applyRules(outPort, 'egress', devices, 'device') === 'stopped') return 'stopped';
  const peer = walk.topology.otherEnd(outPort);
  if (peer === undefined) return crossWire(walk, outPort, nextHop);
  const peerEnd = walk.pass(peer);
  if (peerEnd !== undefined) return peerEnd;
  checkMtu(walk, outPort, peer);
  return walk.receive(peer);
}
