import { sameAddress } from '../address.ts';
import { lookUpRoute } from '../route/lookUp.ts';
import type { Place, Port } from '../wiring.ts';
import { checkNeighbour, neighbourOf } from './neighbours.ts';
import { checkMtu, checkWireMtu, mayForward } from './segmentChecks.ts';
import type { WalkState } from './walkState.ts';
import type { Way } from './way.ts';

/** Sends the packet out of the node: to the node or pod that has the next hop, or to an unknown router. */
export function overWire(walk: WalkState, port: Port, nextHop: string): Way['end'] {
  const owner = walk.wiring
    .withAddress(nextHop)
    .find((one) => one.node !== port.node && walk.wiring.isHost(one) && !isBehindTunnel(one));
  // Cloud networks answer ARP for other hosts with a MAC address of their own, and the kernel renews learned
  // entries. So only permanent entries are compared with the owner.
  const isStatic = neighbourOf(port, nextHop)?.state.includes('PERMANENT') === true;
  const guest = owner === undefined ? guestWith(walk, port, nextHop) : undefined;
  checkNeighbour(walk, port, nextHop, isStatic ? (owner ?? guest?.end) : undefined);
  if (owner === undefined) {
    return guest === undefined ? beyond(walk, port, nextHop) : toGuest(walk, port, guest);
  }
  const end = walk.pass(owner);
  if (end !== undefined) return end;
  checkWireMtu(walk, port, owner);
  const master = walk.wiring.master(owner);
  return walk.arrive(master?.link.kind === 'bond' ? master : owner);
}

/** Whether frames leave the node at the device: hardware, or a device that stands for it. */
export function isWired({ kind, type }: Port['link']): boolean {
  return type === 'ether' && (kind === undefined || ['bond', 'team', 'vlan'].includes(kind));
}

/**
 * Sends the packet to an unknown next hop. What happens there is unknown too. If the destination is on another node,
 * continues there, as if the packet arrived on the device by which that node would send the answer.
 */
function beyond(walk: WalkState, port: Port, nextHop: string): Way['end'] {
  const { destination } = walk.packet;
  walk.hops.push({ kind: 'outside', detail: `next hop ${nextHop}` });
  if (walk.aim === undefined) return 'left';
  if (sameAddress(nextHop, destination)) {
    const why = `it is unknown what answers for ${nextHop} behind ${port.link.name}`;
    walk.doubt(port, 'network outside the nodes', why);
  } else {
    const why = `it is unknown what it does with packets to ${destination}`;
    walk.doubt(port, `router ${nextHop}`, why);
  }
  const entrance = entranceOf(walk, port, walk.aim);
  if (entrance === undefined) return 'unknown';
  const end = walk.pass(entrance) ?? walk.arrive(entrance);
  return end === 'stopped' ? 'stopped' : 'unknown';
}

/** The wired device by which the destination's node would send the answer; undefined for the sender's node. */
function entranceOf(walk: WalkState, port: Port, { node }: Place): Port | undefined {
  const host = node === port.node ? undefined : walk.wiring.host(node);
  if (host === undefined || walk.visited.has(host.network.inode)) return undefined;
  const { source, destination } = walk.packet;
  const route = lookUpRoute(host.network, { to: source, from: destination })?.route;
  const entrance = walk.wiring.device(host, route?.device);
  return entrance && isWired(entrance.link) ? entrance : undefined;
}

/** A pod of another node that is connected to the wire itself, and the device on which its node receives its frames. */
interface Guest {
  readonly end: Port;
  readonly uplink: Port;
  /** The bridge in between, and its port to the pod; absent for a macvlan or ipvlan. */
  readonly by?: { readonly bridge: Port; readonly port: Port };
}

function guestWith(walk: WalkState, port: Port, nextHop: string): Guest | undefined {
  for (const end of walk.wiring.withAddress(nextHop)) {
    if (end.node === port.node || walk.wiring.isHost(end)) continue;
    const below = walk.wiring.otherEnd(end);
    if (below === undefined) continue;
    if (['macvlan', 'macvtap', 'ipvlan'].includes(end.link.kind ?? ''))
      return { end, uplink: below };
    const bridge = walk.wiring.master(below);
    const uplink =
      bridge?.link.kind === 'bridge'
        ? walk.wiring.portsOf(bridge).find(({ link }) => isWired(link))
        : undefined;
    if (bridge && uplink) return { end, uplink, by: { bridge, port: below } };
  }
  return undefined;
}

function toGuest(walk: WalkState, port: Port, { end, uplink, by }: Guest): Way['end'] {
  const atUplink = walk.pass(uplink);
  if (atUplink !== undefined) return atUplink;
  checkWireMtu(walk, port, uplink);
  if (by === undefined) return walk.pass(end) ?? walk.arrive(end);
  const atPort = walk.pass(by.bridge) ?? walk.pass(by.port);
  if (atPort !== undefined) return atPort;
  if (!mayForward(walk, by.port)) return 'stopped';
  checkMtu(walk, by.port, end);
  return walk.pass(end) ?? walk.arrive(end);
}

/** Addresses of tunnel devices are not reachable on the wire, although Linux would answer ARP for them there. */
function isBehindTunnel({ link }: Port): boolean {
  return link.kind === 'vxlan' || link.kind === 'geneve';
}
