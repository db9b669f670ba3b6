import { sameAddress } from '../address.ts';
import { lookUpRoute } from '../route/lookUp.ts';
import type { Place, Port } from '../topology.ts';
import { checkNeighbour, findNeighbour } from './neighbours.ts';
import type { OneWayPath } from './oneWayPath.ts';
import { canForward, checkMtu, checkWireMtu } from './segmentChecks.ts';
import type { WalkState } from './walkState.ts';

/** Sends the packet out of the node: to the node or pod that has the next hop, or to an unknown router. */
export function crossWire(walk: WalkState, port: Port, nextHop: string): OneWayPath['end'] {
  const owner = walk.topology
    .devicesWithAddress(nextHop)
    .find(
      (candidate) =>
        candidate.node !== port.node &&
        walk.topology.isHost(candidate) &&
        !isBehindTunnel(candidate),
    );
  // Cloud networks answer ARP for other hosts with a MAC address of their own, and the kernel renews learned
  // entries. So only permanent entries are compared with the owner.
  const isStatic = findNeighbour(port, nextHop)?.state.includes('PERMANENT') === true;
  const wiredPod = owner === undefined ? findWiredPod(walk, port, nextHop) : undefined;
  checkNeighbour(walk, port, nextHop, isStatic ? (owner ?? wiredPod?.end) : undefined);
  if (owner === undefined) {
    return wiredPod === undefined
      ? crossUnknownNetwork(walk, port, nextHop)
      : crossToWiredPod(walk, port, wiredPod);
  }
  const end = walk.pass(owner);
  if (end !== undefined) return end;
  checkWireMtu(walk, port, owner);
  const master = walk.topology.master(owner);
  return walk.receive(master?.link.kind === 'bond' ? master : owner);
}

/** Whether frames leave the node at the device: hardware, or a device that stands for it. */
export function isWired({ kind, type }: Port['link']): boolean {
  return type === 'ether' && (kind === undefined || ['bond', 'team', 'vlan'].includes(kind));
}

/**
 * Sends the packet to an unknown next hop. What happens there is unknown too. If the destination is on another node,
 * continues there, as if the packet arrived on the device by which that node would send the answer.
 */
function crossUnknownNetwork(walk: WalkState, port: Port, nextHop: string): OneWayPath['end'] {
  const { destination } = walk.packet;
  walk.hops.push({ kind: 'outside', detail: `next hop ${nextHop}` });
  if (walk.destinationPlace === undefined) return 'left';
  if (sameAddress(nextHop, destination)) {
    const why = `it is unknown what answers for ${nextHop} behind ${port.link.name}`;
    walk.addDoubt(port, 'network outside the nodes', why);
  } else {
    const why = `it is unknown what it does with packets to ${destination}`;
    walk.addDoubt(port, `router ${nextHop}`, why);
  }
  const entrance = findEntrance(walk, port, walk.destinationPlace);
  if (entrance === undefined) return 'unknown';
  const end = walk.pass(entrance) ?? walk.receive(entrance);
  return end === 'stopped' ? 'stopped' : 'unknown';
}

/** The wired device by which the destination's node would send the answer; undefined for the sender's node. */
function findEntrance(walk: WalkState, port: Port, { node }: Place): Port | undefined {
  const host = node === port.node ? undefined : walk.topology.hostPlace(node);
  if (host === undefined || walk.visited.has(host.network.inode)) return undefined;
  const { source, destination } = walk.packet;
  const route = lookUpRoute(host.network, { to: source, from: destination })?.route;
  const entrance = walk.topology.device(host, route?.device);
  return entrance && isWired(entrance.link) ? entrance : undefined;
}

/** A pod of another node that is connected to the wire itself, and the device on which its node receives its frames. */
interface WiredPod {
  readonly end: Port;
  readonly uplink: Port;
  /** The bridge in between, and its port to the pod; absent for a macvlan or ipvlan. */
  readonly via?: { readonly bridge: Port; readonly port: Port };
}

function findWiredPod(walk: WalkState, port: Port, nextHop: string): WiredPod | undefined {
  for (const end of walk.topology.devicesWithAddress(nextHop)) {
    if (end.node === port.node || walk.topology.isHost(end)) continue;
    const lower = walk.topology.otherEnd(end);
    if (lower === undefined) continue;
    if (['macvlan', 'macvtap', 'ipvlan'].includes(end.link.kind ?? ''))
      return { end, uplink: lower };
    const bridge = walk.topology.master(lower);
    const uplink =
      bridge?.link.kind === 'bridge'
        ? walk.topology.portsOf(bridge).find(({ link }) => isWired(link))
        : undefined;
    if (bridge && uplink) return { end, uplink, via: { bridge, port: lower } };
  }
  return undefined;
}

function crossToWiredPod(
  walk: WalkState,
  port: Port,
  { end, uplink, via: by }: WiredPod,
): OneWayPath['end'] {
  const uplinkEnd = walk.pass(uplink);
  if (uplinkEnd !== undefined) return uplinkEnd;
  checkWireMtu(walk, port, uplink);
  if (by === undefined) return walk.pass(end) ?? walk.receive(end);
  const portEnd = walk.pass(by.bridge) ?? walk.pass(by.port);
  if (portEnd !== undefined) return portEnd;
  if (!canForward(walk, by.port)) return 'stopped';
  checkMtu(walk, by.port, end);
  return walk.pass(end) ?? walk.receive(end);
}

/** Addresses of tunnel devices are not reachable on the wire, although Linux would answer ARP for them there. */
function isBehindTunnel({ link }: Port): boolean {
  return link.kind === 'vxlan' || link.kind === 'geneve';
}
