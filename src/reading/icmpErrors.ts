import { u16, u32 } from '../packets/numbers.ts';
import { type Packet, PROTOCOL } from '../packets/packet.ts';
import { Note } from './notes.ts';

/** What an ICMP error says, whatever the IP version. */
export type IcmpErrorKind =
  | 'host-unreachable'
  | 'port-unreachable'
  | 'prohibited'
  | 'too-big'
  | 'time-exceeded';

/** Errors that one sender reported about one destination. */
export interface IcmpError {
  readonly kind: IcmpErrorKind;
  readonly reporter: string;
  /** The address and port that could not be reached, and the one that tried. */
  readonly target: string;
  readonly port: number;
  readonly protocol: number;
  readonly source: string;
  readonly interfaceIndex: number;
  /** Of too-big: the MTU that the reporter announces; 0 unknown. */
  readonly mtu: number;
  readonly note: Note;
}

const MAX_ERRORS = 1_000;

/** The kind of an ICMP error; undefined for all other messages. */
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

/** The MTU in a too-big message. */
export function announcedMtu({ protocol, bytes, transportAt, end }: Packet): number {
  if (transportAt + 8 > end) return 0;
  return protocol === PROTOCOL.icmp ? u16(bytes, transportAt + 6) : u32(bytes, transportAt + 4);
}

/** ICMP errors, by who reported what about whom. Bounded. */
export class IcmpErrors {
  readonly #errors = new Map<string, IcmpError>();

  get all(): Iterable<IcmpError> {
    return this.#errors.values();
  }

  add(error: Omit<IcmpError, 'note'>, packet: number, now: number): void {
    const key = `${error.interfaceIndex} ${error.kind} ${error.reporter} ${error.source} ${error.target} ${error.port}`;
    let known = this.#errors.get(key);
    if (!known) {
      if (this.#errors.size >= MAX_ERRORS) return;
      known = { ...error, note: new Note() };
      this.#errors.set(key, known);
    }
    known.note.add(packet, now);
  }
}
