import { familyOfPacket, type TracedPacket } from '../netfilter/packet.ts';
import { faultOfLink, type Place, type Port, type Wiring } from '../wiring.ts';
import { datapathOf } from './datapath.ts';
import {
  type Direction,
  type Doubt,
  type Fault,
  type Hop,
  hopOf,
  type PathDecision,
  type Translation,
  type Where,
} from './way.ts';

/** Kinds that have a carrier only while their other end, or the device below, is up. */
const FOLLOWS_OTHER = new Set(['veth', 'vlan', 'macvlan', 'macvtap', 'ipvlan']);

/** The record of a walk: devices, decisions, faults and unknowns. */
export class WayRecord {
  readonly wiring: Wiring;
  readonly direction: Direction;
  /** The packet in its current state. */
  packet: TracedPacket;
  readonly hops: Hop[] = [];
  readonly decisions: PathDecision[] = [];
  readonly nat: Translation[] = [];
  readonly faults: Fault[] = [];
  readonly unknown: Doubt[] = [];

  constructor(wiring: Wiring, direction: Direction, packet: TracedPacket) {
    this.wiring = wiring;
    this.direction = direction;
    this.packet = packet;
  }

  /** Adds a device to the way, with a doubt if a program on it decides about packets. */
  hop(port: Port, detail?: string): void {
    const last = this.hops.at(-1);
    const family = familyOfPacket(this.packet);
    const pod = this.wiring.podName(port);
    const isSame =
      last?.node === port.node.name &&
      last.netns === port.network.inode &&
      last.device === port.link.name;
    if (isSame) {
      const details = [last.detail, detail].filter(Boolean).join(', ');
      this.hops[this.hops.length - 1] = hopOf(port, pod, port.link, family, details || undefined);
    } else this.hops.push(hopOf(port, pod, port.link, family, detail));
    const datapath = datapathOf(port);
    if (datapath !== undefined) this.doubt(port, datapath.what, datapath.why);
  }

  /**
   * Passes the packet through a device. Returns how the way ends if the packet does not pass, or if that is
   * unknown.
   */
  pass(port: Port, detail?: string): 'stopped' | 'unknown' | undefined {
    this.hop(port, detail);
    if (this.linkIsDown(port)) return 'stopped';
    return datapathOf(port)?.redirects === true ? 'unknown' : undefined;
  }

  /** Whether a device passes no packets. If so, notes the fault; for a pair, at the end that was set down. */
  linkIsDown(port: Port): boolean {
    const fault = faultOfLink(port.link);
    // A bridge has no carrier while its ports have none, and the ports show the reason.
    if (fault === undefined || (fault === 'no-carrier' && port.link.kind === 'bridge'))
      return false;
    const peer =
      fault === 'no-carrier' && FOLLOWS_OTHER.has(port.link.kind ?? '')
        ? this.wiring.otherEnd(port)
        : undefined;
    const isPeerDown = peer !== undefined && faultOfLink(peer.link) === 'down';
    this.#noteLink(isPeerDown ? peer : port, isPeerDown ? 'down' : fault);
    return true;
  }

  /** Notes devices that were set down, because their missing routes may explain a fault. */
  noteDownLinks(place: Place, names?: readonly string[]): void {
    for (const link of place.network.links ?? []) {
      const isMeant = names === undefined ? link.type !== 'loopback' : names.includes(link.name);
      if (isMeant && faultOfLink(link) === 'down') this.#noteLink({ ...place, link }, 'down');
    }
  }

  #noteLink(port: Port, fault: 'down' | 'no-carrier'): void {
    const { ifindex, name, flags, state, mtu, kind } = port.link;
    this.fault(
      fault === 'down' ? 'link-down' : 'no-carrier',
      port,
      `${ifindex}: ${name}: <${flags.join(',')}> mtu ${mtu} state ${state}`,
      { device: name, kind: kind ?? '' },
    );
  }

  fault(
    kind: string,
    where: Place | Port,
    evidence: string,
    values: Readonly<Record<string, string>>,
  ): void {
    this.faults.push({ kind, where: this.whereOf(where), evidence, values });
  }

  doubt(where: Place | Port, what: string, why: string): void {
    const doubt = { where: this.whereOf(where), what, why };
    const isKnown = this.unknown.some(
      (one) => one.what === what && one.why === why && one.where.netns === doubt.where.netns,
    );
    if (!isKnown) this.unknown.push(doubt);
  }

  whereOf(place: Place | Port): Where {
    const pod = this.wiring.podName(place);
    return {
      node: place.node.name,
      netns: place.network.inode,
      ...(pod !== undefined && { pod }),
      ...('link' in place && { device: place.link.name }),
    };
  }

  nameOf(place: Place): string {
    return this.wiring.podName(place) ?? `node/${place.node.name}`;
  }
}
