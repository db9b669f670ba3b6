import { i32 } from '../../packets/numbers.ts';
import { FLAG, type Packet } from '../../packets/packet.ts';
import { windowScale } from '../../packets/tcpOptions.ts';

/** The TLS of one direction of a connection, as far as lines need it. */
export interface TlsFlow {
  /** Where the next record begins. */
  next: number;
  /** The record that has begun, if it is not whole yet. */
  unfinished: string;
  isEncrypted: boolean;
  /** As it stands in front of each record. */
  recordVersion: number;
  /** The first bytes of its header, when the others come with the next segment. */
  header: Uint8Array;
}

/** One direction of a TCP connection. */
export interface TcpFlow {
  /** The sequence number that is shown as 0; undefined while nothing was seen of this direction. */
  base: number | undefined;
  /** The shift of its window: -1 without a SYN, or one without the option. */
  scale: number;
  hasSyn: boolean;
  /** Where it stands in TLS, once it has begun to speak it; and the version that both agreed on, or 0. */
  tls: TlsFlow | undefined;
  tlsVersion: number;
}

/** Both directions; forward is from the endpoint whose text sorts first. */
interface Connection {
  readonly forward: TcpFlow;
  readonly backward: TcpFlow;
}

/** How many connections are remembered at least; twice as many at most. */
const REMEMBERED = 32_768;

/**
 * What is remembered of TCP connections so that numbers are relative to their start. Of very many, those
 * that were silent the longest are forgotten, and begin anew.
 */
export class TcpFlows {
  #young = new Map<string, Connection>();
  #old = new Map<string, Connection>();

  /** The direction of the packet, and the other one. */
  of(packet: Packet): readonly [TcpFlow, TcpFlow] {
    const source = endpointKey(packet, packet.sourceAt, packet.sourcePort);
    const destination = endpointKey(packet, packet.destinationAt, packet.destinationPort);
    const isForward = source < destination;
    const { forward, backward } = this.#get(
      isForward ? `${source}>${destination}` : `${destination}>${source}`,
    );
    const [own, other] = isForward ? [forward, backward] : [backward, forward];
    const isSyn = (packet.flags & FLAG.syn) !== 0;
    if (isSyn && (own.base !== packet.sequence || !own.hasSyn)) {
      own.base = packet.sequence;
      own.hasSyn = true;
      own.scale = windowScale(packet);
      own.tls = undefined;
      own.tlsVersion = 0;
      // A new connection of the same addresses and ports.
      if ((packet.flags & FLAG.ack) === 0) {
        other.base = undefined;
        other.hasSyn = false;
        other.scale = -1;
      }
    }
    if (own.base === undefined) own.base = (packet.sequence - 1) | 0;
    if (other.base === undefined && (packet.flags & FLAG.ack) !== 0)
      other.base = (packet.acknowledgment - 1) | 0;
    return [own, other];
  }

  #get(key: string): Connection {
    const young = this.#young.get(key);
    if (young) return young;
    const connection = this.#old.get(key) ?? { forward: unseen(), backward: unseen() };
    if (this.#young.size >= REMEMBERED) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, connection);
    return connection;
  }
}

function unseen(): TcpFlow {
  return { base: undefined, scale: -1, hasSyn: false, tls: undefined, tlsVersion: 0 };
}

function endpointKey({ bytes, addressBytes }: Packet, at: number, port: number): string {
  if (addressBytes === 4) return `${i32(bytes, at)}:${port}`;
  return `${i32(bytes, at)}.${i32(bytes, at + 4)}.${i32(bytes, at + 8)}.${i32(bytes, at + 12)}:${port}`;
}
