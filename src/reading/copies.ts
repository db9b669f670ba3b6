import { i32, u16 } from '../packets/numbers.ts';
import { FLAG, NETWORK, type Packet, PROTOCOL } from '../packets/packet.ts';

const PLACES = 1 << 13;
/** Copies of a packet follow each other within this, even on a busy node. Nanoseconds. */
const WINDOW_NS = 3e6;
/** A packet on its way through a node loses this much of its TTL at most. */
const MAX_HOPS = 4;

/**
 * Tells whether a packet was captured before: at another interface on its way through a node, or by a
 * mirror port that shows both directions. A copy has the same IP identification, and the same or a
 * smaller TTL, and comes at once; a retransmission has another identification, or comes later.
 */
export class CopyDetector {
  readonly #hashes = new Int32Array(PLACES);
  readonly #times = new Float64Array(PLACES).fill(Number.NEGATIVE_INFINITY);
  readonly #ttls = new Uint8Array(PLACES);
  readonly #devices = new Int32Array(PLACES);

  /** Takes in an IP packet with its transport decoded; true when it is a copy of an earlier one. */
  isCopy(packet: Packet, interfaceIndex: number, now: number): boolean {
    const hash = hashOf(packet, interfaceIndex);
    const place = hash & (PLACES - 1);
    const since = now - (this.#times[place] as number);
    const hops = (this.#ttls[place] as number) - packet.ttl;
    const isSame = this.#hashes[place] === hash && since >= 0 && since <= WINDOW_NS;
    if (isSame && hops >= 0 && hops <= MAX_HOPS) {
      if (isIdentified(packet)) return true;
      // Two equal acknowledgments without an identification can be two packets, but neither at the very
      // same time nor at two devices.
      if (since === 0 || this.#devices[place] !== packet.deviceIndex) return true;
    }
    this.#hashes[place] = hash;
    this.#times[place] = now;
    this.#ttls[place] = packet.ttl;
    this.#devices[place] = packet.deviceIndex;
    return false;
  }
}

/** Two packets that look like this one within milliseconds must be one. */
function isIdentified(packet: Packet): boolean {
  if (packet.network === NETWORK.ipv4 && packet.ipId > 0) return true;
  if (packet.isFragment || packet.protocol !== PROTOCOL.tcp) return false;
  // No sender repeats data so soon.
  return packet.payloadLength > 0 || (packet.flags & (FLAG.syn | FLAG.fin)) !== 0;
}

function hashOf(packet: Packet, interfaceIndex: number): number {
  const { bytes, sourceAt, destinationAt, addressBytes } = packet;
  let hash = mix(packet.ipId ^ (interfaceIndex << 20), packet.protocol);
  // The last words of IPv6 addresses tell hosts apart.
  hash = mix(hash, i32(bytes, sourceAt + addressBytes - 4));
  hash = mix(hash, i32(bytes, destinationAt + addressBytes - 4));
  hash = mix(hash, packet.payloadLength ^ (packet.fragmentOffset << 16));
  if (!packet.hasTransport) return hash;
  hash = mix(hash, (packet.sourcePort << 16) | packet.destinationPort);
  switch (packet.protocol) {
    case PROTOCOL.tcp:
      hash = mix(hash, packet.sequence);
      hash = mix(hash, packet.acknowledgment);
      return mix(hash, (packet.flags << 16) | packet.window);
    case PROTOCOL.udp:
      // DNS ids and the like: datagrams often have no identification.
      return packet.payloadAt + 4 <= packet.payloadEnd
        ? mix(hash, i32(bytes, packet.payloadAt))
        : hash;
    default:
      // ICMP: identifier and sequence number.
      return packet.transportAt + 8 <= packet.end
        ? mix(mix(hash, u16(bytes, packet.transportAt)), i32(bytes, packet.transportAt + 4))
        : hash;
  }
}

function mix(hash: number, value: number): number {
  const mixed = Math.imul(hash ^ value, 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
}
