import { familyOfPacket, type TracedPacket } from '../netfilter/packet.ts';
import { linkFault, type Place, type Port, type Topology } from '../topology.ts';
import { datapathOf } from './datapath.ts';
import {
  type DeviceLocation,
  type Direction,
  type Doubt,
  type Fault,
  type Hop,
  hopOf,
  type PathDecision,
  type Translation,
} from './oneWayPath.ts';

/** Kinds that have a carrier only while their other end, or the device below, is up. */
const CARRIER_FOLLOWS_PEER = new Set(['veth', 'vlan', 'macvlan', 'macvtap', 'ipvlan']);

/** The record of a walk: devices, decisions, faults and unknowns. */
export class PathRecorder {
  readonly topology: Topology;
  readonly direction: Direction;
  /** The packet in its current state. */
  packet: TracedPacket;
  readonly hops: Hop[] = [];
  readonly decisions: PathDecision[] = [];
  readonly nat: Translation[] = [];
  readonly faults: Fault[] = [];
  readonly unknown: Doubt[] = [];

  constructor(topology: Topology, direction: Direction, packet: TracedPacket) {
    this.topology = topology;
    this.direction = direction;
    this.packet = packet;
  }

  /** Adds a device to the path, with a doubt if a program on it decides about packets. */
  addHop(port: Port, detail?: string): void {
    const last = this.hops.at(-1);
    const family = familyOfPacket(this.packet);
    const pod = this.topology.podName(port);
    const isSame =
      last?.node === port.node.name &&
      last.netns === port.network.inode &&
      last.device === port.link.name;
    if (isSame) {
      const details = [last.detail, detail].filter(Boolean).join(', ');
      this.hops[this.hops.length - 1] = hopOf(port, pod, port.link, family, details || undefined);
    } else this.hops.push(hopOf(port, pod, port.link, family, detail));
    const datapath = datapathOf(port);
    if (datapath !== undefined) this.addDoubt(port, datapath.what, datapath.why);
  }

  /**
   * Passes the packet through a device. Returns how the path ends if the packet does not pass, or if that is
   * unknown.
   */
  pass(port: Port, detail?: string): 'stopped' | 'unknown' | undefined {
    this.addHop(port, detail);
    if (this.stopsAtLink(port)) return 'stopped';
    return datapathOf(port)?.redirects === true ? 'unknown' : undefined;
  }

  /** Whether a device passes no packets. If so, notes the fault; for a pair, at the end that was set down. */
  stopsAtLink(port: Port): boolean {
    const fault = linkFault(port.link);
    // A bridge has no carrier while its ports have none, and the ports show the reason.
    if (fault === undefined || (fault === 'no-carrier' && port.link.kind === 'bridge'))
      return false;
    const peer =
      fault === 'no-carrier' && CARRIER_FOLLOWS_PEER.has(port.link.kind ?? '')
        ? this.topology.otherEnd(port)
        : undefined;
    const isPeerDown = peer !== undefined && linkFault(peer.link) === 'down';
    this.#addLinkFault(isPeerDown ? peer : port, isPeerDown ? 'down' : fault);
    return true;
  }

  /** Notes devices that were set down, because their missing routes may explain a fault. */
  addDownLinkFaults(place: Place, names?: readonly string[]): void {
    for (const link of place.network.links ?? []) {
      const isIncluded = names === undefined ? link.type !== 'loopback' : names.includes(link.name);
      if (isIncluded && linkFault(link) === 'down') this.#addLinkFault({ ...place, link }, 'down');
    }
  }

  #addLinkFault(port: Port, fault: 'down' | 'no-carrier'): void {
    const { ifindex, name, flags, state, mtu, kind } = port.link;
    this.addFault(
      fault === 'down' ? 'link-down' : 'no-carrier',
      port,
      `${ifindex}: ${name}: <${flags.join(',')}> mtu ${mtu} state ${state}`,
      { device: name, kind: kind ?? '' },
    );
  }

  addFault(
    kind: string,
    where: Place | Port,
    evidence: string,
    values: Readonly<Record<string, string>>,
  ): void {
    this.faults.push({ kind, where: this.whereOf(where), evidence, values });
  }

  addDoubt(where: Place | Port, what: string, why: string): void {
    const doubt = { where: this.whereOf(where), what, why };
    const isKnown = this.unknown.some(
      (existing) =>
        existing.what === what &&
        existing.why === why &&
        existing.where.netns === doubt.where.netns,
    );
    if (!isKnown) this.unknown.push(doubt);
  }

  whereOf(place: Place | Port): DeviceLocation {
    const pod = this.topology.podName(place);
    return {
      node: place.node.name,
      netns: place.network.inode,
      ...(pod !== undefined && { pod }),
      ...('link' in place && { device: place.link.name }),
    };
  }

  nameOf(place: Place): string {
    return this.topology.podName(place) ?? `node/${place.node.name}`;
  }
}
