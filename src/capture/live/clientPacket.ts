import { addressText } from '../../packets/address.ts';
import { decodeFrame } from '../../packets/link.ts';
import { FLAG, Packet, PROTOCOL } from '../../packets/packet.ts';

/** The lowest port that Linux assigns to clients (net.ipv4.ip_local_port_range). */
const EPHEMERAL_PORTS = 32768;

/** A packet that a client sent to a server: addresses as text. */
export interface ClientPacket {
  readonly from: string;
  readonly to: string;
}

/** Reused for each packet. */
const packet = new Packet();

/**
 * Reads a client's packet to a server from bytes.subarray(start, end): one that opens a TCP connection, or one from a
 * client port to a server port, so that connections older than the capture are found too. Returns undefined for all
 * other packets, and for packets that are cut off before their ports.
 */
export function parseClientPacket(
  bytes: Buffer,
  start: number,
  end: number,
  linkType: number,
): ClientPacket | undefined {
  decodeFrame(packet, bytes, start, end, end - start, linkType);
  if (!packet.hasPorts) return undefined;
  const isOpening =
    packet.protocol === PROTOCOL.tcp && (packet.flags & (FLAG.syn | FLAG.ack)) === FLAG.syn;
  const isToServer =
    packet.sourcePort >= EPHEMERAL_PORTS && packet.destinationPort < EPHEMERAL_PORTS;
  if (!isOpening && !isToServer) return undefined;
  return {
    from: addressText(bytes, packet.sourceAt, packet.addressBytes),
    to: addressText(bytes, packet.destinationAt, packet.addressBytes),
  };
}
