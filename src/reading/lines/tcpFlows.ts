import { i32 } from '../../packets/numbers.ts';
import { FLAG, type Packet } from '../../packets/packet.ts';
import { windowScale } from '../../packets/tcpOptions.ts';

/** The TLS state of one direction of a connection. */
export interface TlsFlow {
  /** The sequence number of the next record. */
  next: number;
  /** The description of a record that has begun and is not complete. */
  unfinished: string;
  isEncrypted: boolean;
  /** The version in the record headers. */
  recordVersion: number;
  /** The first bytes of a record header that continues in the next segment. */
  header: Uint8Array;
}

/** One direction of a TCP connection. */
export interface TcpFlow {
  /** The sequence number that is shown as 0; undefined until this direction has been seen. */
  base: number | undefined;
  /** The window scale: -1 without a SYN, or if it did not have the option. */
  scale: number;
  hasSyn: boolean;
  /** The TLS state, once a record has been seen, and the negotiated version, or 0. */
  tls: TlsFlow | undefined;
  tlsVersion: number;
}

/** Both directions. `forward` is from the endpoint whose text sorts first. */
interface Connection {
  readonly forward: TcpFlow;
  readonly backward: TcpFlow;
}

/** The minimum number of connections to remember; the maximum is twice as many. */
const REMEMBERED = 32_768;

/**
 * Remembers TCP connections, so that sequence numbers are relative to their start. If there are very many, those with
 * the longest silence are forgotten and treated as new when they continue.
 */
export class TcpFlows {
  #young = new Map<string, Connection>();
  #old = new Map<string, Connection>();

  /** The direction of the packet, and the opposite direction. */
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
      // A new connection with the same addresses and ports.
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
