import { addressText } from '../packets/address.ts';
import { decodeEtherType, ETHER_TYPE } from '../packets/link.ts';
import { u16, u32 } from '../packets/numbers.ts';
import { NETWORK, Packet, PROTOCOL } from '../packets/packet.ts';
import { Note } from './notes.ts';

/** The meaning of an ICMP error, for both IP versions. */
export type IcmpErrorKind =
  | 'host-unreachable'
  | 'port-unreachable'
  | 'prohibited'
  | 'too-big'
  | 'time-exceeded';

/** The errors that one sender reported about one destination. */
export interface IcmpError {
  readonly kind: IcmpErrorKind;
  readonly reporter: string;
  /** The address and port that could not be reached, and those of the sender. */
  readonly target: string;
  readonly port: number;
  readonly protocol: number;
  readonly source: string;
  readonly interfaceIndex: number;
  /** For too-big: the MTU in the error; 0 if unknown. */
  readonly mtu: number;
  readonly note: Note;
}

const MAX_ERRORS = 1_000;

/** The kind of an ICMP error; undefined for other messages. */
export function icmpErrorKind({ protocol, icmpType, icmpCode }: Packet): IcmpErrorKind | undefined {
  if (protocol === PROTOCOL.icmp) {
    if (icmpType === 11) return 'time-exceeded';
    if (icmpType !== 3) return undefined;
    if (icmpCode === 4) return 'too-big';
    if (icmpCode === 2 || icmpCode === 3) return 'port-unreachable';
    return icmpCode === 9 || icmpCode === 10 || icmpCode === 13 ? 'prohibited' : 'host-unreachable';
  }
  if (icmpType === 2) return 'too-big';
  if (icmpType === 3) return 'time-exceeded';
  if (icmpType !== 1) return undefined;
  if (icmpCode === 4) return 'port-unreachable';
  return icmpCode === 1 || icmpCode === 5 ? 'prohibited' : 'host-unreachable';
}

/** The MTU in a too-big error. */
function announcedMtu({ protocol, bytes, transportAt, end }: Packet): number {
  if (transportAt + 8 > end) return 0;
  return protocol === PROTOCOL.icmp ? u16(bytes, transportAt + 6) : u32(bytes, transportAt + 4);
}

/** ICMP errors by reporter, cause and destination. Memory is bounded. */
export class IcmpErrors {
  readonly #quoted = new Packet();
  readonly #errors = new Map<string, IcmpError>();

  get all(): Iterable<IcmpError> {
    return this.#errors.values();
  }

  /** Adds an ICMP message if it is an error. `number` is the number of the packet, `now` its time. */
  read(packet: Packet, interfaceIndex: number, number: number, now: number): void {
    const kind = icmpErrorKind(packet);
    if (!kind) return;
    const quoted = this.#quoted;
    quoted.bytes = packet.bytes;
    quoted.end = packet.payloadEnd;
    // The original packet was longer than the quoted part.
    quoted.wireEnd = packet.payloadAt + 0x1_0000;
    quoted.resetNetwork();
    const type = packet.network === NETWORK.ipv4 ? ETHER_TYPE.ipv4 : ETHER_TYPE.ipv6;
    decodeEtherType(quoted, type, packet.payloadAt);
    if (quoted.network !== packet.network) return;
    const text = (of: Packet, at: number) => addressText(of.bytes, at, of.addressBytes);
    this.#add(
      {
        kind,
        reporter: text(packet, packet.sourceAt),
        source: text(quoted, quoted.sourceAt),
        target: text(quoted, quoted.destinationAt),
        port: quoted.destinationPort,
        protocol: quoted.protocol,
        interfaceIndex,
        mtu: kind === 'too-big' ? announcedMtu(packet) : 0,
      },
      number,
      now,
    );
  }

  #add(error: Omit<IcmpError, 'note'>, packet: number, now: number): void {
    const key = `${error.interfaceIndex} ${error.kind} ${error.reporter} ${error.source} ${error.target} ${error.port}`;
    let existing = this.#errors.get(key);
    if (!existing) {
      if (this.#errors.size >= MAX_ERRORS) return;
      existing = { ...error, note: new Note() };
      this.#errors.set(key, existing);
    }
    existing.note.add(packet, now);
  }
}
