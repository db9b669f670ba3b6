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
const MAX_CONNECTIONS = 32_768;

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
    const [flow, reverse] = isForward ? [forward, backward] : [backward, forward];
    const isSyn = (packet.flags & FLAG.syn) !== 0;
    if (isSyn && (flow.base !== packet.sequence || !flow.hasSyn)) {
      flow.base = packet.sequence;
      flow.hasSyn = true;
      flow.scale = windowScale(packet);
      flow.tls = undefined;
      flow.tlsVersion = 0;
      // A new connection with the same addresses and ports.
      if ((packet.flags & FLAG.ack) === 0) {
        reverse.base = undefined;
        reverse.hasSyn = false;
        reverse.scale = -1;
      }
    }
    if (flow.base === undefined) flow.base = (packet.sequence - 1) | 0;
    if (reverse.base === undefined && (packet.flags & FLAG.ack) !== 0)
      reverse.base = (packet.acknowledgment - 1) | 0;
    return [flow, reverse];
  }

  #get(key: string): Connection {
    const recent = this.#young.get(key);
    if (recent) return recent;
    const connection = this.#old.get(key) ?? { forward: newFlow(), backward: newFlow() };
    if (this.#young.size >= MAX_CONNECTIONS) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, connection);
    return connection;
  }
}

function newFlow(): TcpFlow {
  return { base: undefined, scale: -1, hasSyn: false, tls: undefined, tlsVersion: 0 };
}

function endpointKey({ bytes, addressBytes }: Packet, at: number, port: number): string {
  if (addressBytes === 4) return `${i32(bytes, at)}:${port}`;
  return `${i32(bytes, at)}.${i32(bytes, at + 4)}.${i32(bytes, at + 8)}.${i32(bytes, at + 12)}:${port}`;
}
