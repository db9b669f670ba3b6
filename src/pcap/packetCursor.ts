import type { Resolution } from './moment.ts';

/** No recorder keeps more of a packet (MAXIMUM_SNAPLEN of libpcap), and Wireshark reads no more. */
export const MAX_PACKET_BYTES = 256 * 1024;

/** What a capture file says of an interface it was recorded on. */
export interface CapturedInterface {
  /** A LINKTYPE_ number: 1 Ethernet, 101 raw IP, 276 LINUX_SLL2 (tcpdump.org/linktypes.html). */
  readonly linkType: number;
  /** The most bytes of a packet that were kept; 0 for no limit. */
  readonly snapLength: number;
  /** The coarser of the two that loses nothing of its times. */
  readonly resolution: Resolution;
  readonly name?: string;
  readonly description?: string;
  readonly filter?: string;
  readonly os?: string;
  readonly comments: readonly string[];
}

/**
 * Goes through the packets of a stream that comes in pieces. The packet it stands on is read from
 * its fields and not made into an object, since there may be a million a second.
 */
export interface PacketCursor {
  /** Takes the next bytes of the stream; they are kept, not copied, until their packets are passed. */
  push(chunk: Buffer): void;
  /** Goes to the next packet; false when its bytes are not all there yet. Throws NotPcap. */
  next(): boolean;
  /** Bytes pushed and not passed; at the end of a stream: those of a packet that was cut off. */
  readonly pending: number;
  /** In the order in which the stream names them; grows. */
  readonly interfaces: readonly CapturedInterface[];

  /** Of the packet it stands on: the index in `interfaces`. */
  readonly interfaceIndex: number;
  readonly seconds: number;
  readonly nanoseconds: number;
  /** Its length on the wire. */
  readonly originalLength: number;
  /** What was kept of it is bytes.subarray(start, end), until the next call. */
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}
