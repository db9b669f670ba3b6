import { i32, u16 } from '../packets/numbers.ts';
import { FLAG, NETWORK, type Packet, PROTOCOL } from '../packets/packet.ts';

const SLOTS = 1 << 13;
/** The maximum time between copies of a packet, even on a busy node. Nanoseconds. */
const WINDOW_NS = 3e6;
/** The maximum by which the TTL of a packet decreases on its way through a node. */
const MAX_HOPS = 4;

/**
 * Detects packets that were captured before: at another interface on their way through a node, or by a mirror port that
 * shows both directions. A copy follows immediately, with the same IP identification and an equal or smaller TTL. A
 * retransmission has another identification, or comes later.
 */
export class CopyDetector {
  readonly #hashes = new Int32Array(SLOTS);
  readonly #times = new Float64Array(SLOTS).fill(Number.NEGATIVE_INFINITY);
  readonly #ttls = new Uint8Array(SLOTS);
  readonly #devices = new Int32Array(SLOTS);

  /** Adds an IP packet with a decoded transport header. Returns true if it is a copy of an earlier one. */
  isCopy(packet: Packet, interfaceIndex: number, now: number): boolean {
    const hash = hashOf(packet, interfaceIndex);
    const slot = hash & (SLOTS - 1);
    const since = now - (this.#times[slot] as number);
    const hops = (this.#ttls[slot] as number) - packet.ttl;
    const isSame = this.#hashes[slot] === hash && since >= 0 && since <= WINDOW_NS;
    if (isSame && hops >= 0 && hops <= MAX_HOPS) {
      if (isIdentified(packet)) return true;
      // Two equal acknowledgments without an identification can be different packets, but not if they were seen at the
      // very same time or on two devices.
      if (since === 0 || this.#devices[slot] !== packet.deviceIndex) return true;
    }
    this.#hashes[slot] = hash;
    this.#times[slot] = now;
    this.#ttls[slot] = packet.ttl;
    this.#devices[slot] = packet.deviceIndex;
    return false;
  }
}

/** Whether another packet that looks the same within milliseconds must be a copy. */
function isIdentified(packet: Packet): boolean {
  if (packet.network === NETWORK.ipv4 && packet.ipId > 0) return true;
  if (packet.isFragment || packet.protocol !== PROTOCOL.tcp) return false;
  // No sender repeats data that soon.
  return packet.payloadLength > 0 || (packet.flags & (FLAG.syn | FLAG.fin)) !== 0;
}

function hashOf(packet: Packet, interfaceIndex: number): number {
  const { bytes, sourceAt, destinationAt, addressBytes } = packet;
  let hash = mix(packet.ipId ^ (interfaceIndex << 20), packet.protocol);
  // The last words of IPv6 addresses distinguish hosts.
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
      // IDs of DNS and similar protocols, because datagrams often have no IP identification.
      return packet.payloadAt + 4 <= packet.payloadEnd
        ? mix(hash, i32(bytes, packet.payloadAt))
        : hash;
    default:
      // The identifier and sequence number of ICMP.
      return packet.transportAt + 8 <= packet.end
        ? mix(mix(hash, u16(bytes, packet.transportAt)), i32(bytes, packet.transportAt + 4))
        : hash;
  }
}

function mix(hash: number, value: number): number {
  const mixed = Math.imul(hash ^ value, 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
}
