import { NETWORK, type Packet } from '../packets/packet.ts';
import { decodeTransport } from '../packets/transport.ts';
import type { Conversation } from './conversation.ts';

/** The maximum size of a datagram. */
const MAX_DATAGRAM_BYTES = 65_535;
/** Datagrams reassembled at a time. */
const MAX_DATAGRAMS = 256;
const MAX_FRAGMENTS = 128;

interface Fragment {
  readonly offset: number;
  readonly bytes: Buffer;
}

/** A datagram of which some fragments have arrived. */
class Datagram {
  readonly fragments: Fragment[] = [];
  /** The conversation, known from the ports in the first fragment. */
  conversation: Conversation | undefined;
  fromClient = false;
  /** The size of the datagram in bytes, known from its last fragment. */
  length = -1;
  /** Fragments that arrived before the first one of the datagram, which identifies the conversation. */
  #packetsBefore = 0;
  #bytesBefore = 0;

  addBefore(packet: Packet): void {
    this.#packetsBefore += 1;
    this.#bytesBefore += packet.ipLength;
  }

  countBefore(conversation: Conversation): void {
    if (this.fromClient) {
      conversation.clientPackets += this.#packetsBefore;
      conversation.clientBytes += this.#bytesBefore;
    } else {
      conversation.serverPackets += this.#packetsBefore;
      conversation.serverBytes += this.#bytesBefore;
    }
    conversation.fragments += this.#packetsBefore;
    conversation.laterFragments += this.#packetsBefore;
    this.#packetsBefore = 0;
    this.#bytesBefore = 0;
  }
}

/** Reassembles IP datagrams. Memory is bounded: the oldest incomplete datagrams are dropped. */
export class Fragments {
  readonly #datagrams = new Map<string, Datagram>();

  /** The datagram that a fragment belongs to. */
  datagramOf(packet: Packet, interfaceIndex: number): Datagram {
    const { bytes, sourceAt, addressBytes, protocol, ipId } = packet;
    // In both IP versions the destination address follows the source address.
    const addresses = Buffer.from(bytes.subarray(sourceAt, sourceAt + 2 * addressBytes));
    const key = `${interfaceIndex} ${protocol} ${ipId} ${addresses.toString('latin1')}`;
    let datagram = this.#datagrams.get(key);
    // A first fragment although the datagram has one means that the identification was reused.
    const isNew = packet.fragmentOffset === 0 && datagram?.conversation !== undefined;
    if (!datagram || (isNew && !datagram.fragments.some(({ offset }) => offset > 0))) {
      datagram = new Datagram();
      this.#datagrams.delete(key);
      this.#datagrams.set(key, datagram);
      if (this.#datagrams.size > MAX_DATAGRAMS) {
        const [oldest] = this.#datagrams.keys();
        if (oldest !== undefined) this.#datagrams.delete(oldest);
      }
    }
    return datagram;
  }

  /** Adds a fragment. If it completes the datagram, changes the packet to the whole datagram and returns true. */
  complete(packet: Packet, datagram: Datagram): boolean {
    const { bytes, transportAt, transportEnd, end, fragmentOffset, moreFragments } = packet;
    const captured = Math.min(transportEnd, end);
    const isWhole = captured === transportEnd && captured > transportAt;
    if (!isWhole || datagram.fragments.length >= MAX_FRAGMENTS) return false;
    const transportBytes = Buffer.from(bytes.subarray(transportAt, captured));
    datagram.fragments.push({ offset: fragmentOffset, bytes: transportBytes });
    if (!moreFragments) datagram.length = fragmentOffset + transportBytes.length;
    const datagramBytes = assemble(datagram);
    if (!datagramBytes) return false;
    packet.bytes = datagramBytes;
    packet.end = datagramBytes.length;
    packet.wireEnd = datagramBytes.length;
    packet.transportAt = 0;
    packet.transportEnd = datagramBytes.length;
    packet.fragmentOffset = 0;
    packet.moreFragments = false;
    decodeTransport(packet);
    datagram.fragments.length = 0;
    datagram.length = -1;
    return packet.network !== NETWORK.none;
  }
}

function assemble({ fragments, length }: Datagram): Buffer | undefined {
  if (length < 0 || length > MAX_DATAGRAM_BYTES) return undefined;
  const sorted = [...fragments].sort((a, b) => a.offset - b.offset);
  const datagramBytes = Buffer.alloc(length);
  let expectedOffset = 0;
  for (const { offset, bytes } of sorted) {
    if (offset > expectedOffset) return undefined;
    bytes.copy(datagramBytes, offset);
    expectedOffset = Math.max(expectedOffset, offset + bytes.length);
  }
  return expectedOffset >= length ? datagramBytes : undefined;
}
