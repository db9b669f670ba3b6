import type { Resolution } from './moment.ts';

/** No recorder keeps more of a packet (MAXIMUM_SNAPLEN of libpcap), and Wireshark does not read more. */
export const MAX_PACKET_BYTES = 256 * 1024;

/** The description of an interface in a capture file. */
export interface CapturedInterface {
  /** A LINKTYPE_ number: 1 Ethernet, 101 raw IP, 276 LINUX_SLL2 (tcpdump.org/linktypes.html). */
  readonly linkType: number;
  /** The maximum number of bytes kept of a packet; 0 for no limit. */
  readonly snapLength: number;
  /** The coarser of the two if it is enough for the interface's times. */
  readonly resolution: Resolution;
  readonly name?: string;
  readonly description?: string;
  readonly filter?: string;
  readonly os?: string;
  readonly comments: readonly string[];
}

/** The recorder's counters of an interface, as far as the file has them. */
export interface InterfaceCounts {
  /** Packets that arrived on the interface or passed the filter. */
  received?: number;
  /** Packets that were lost before they reached the file. */
  dropped?: number;
}

/** A name in the file for an address of 4 or 16 bytes. */
export interface NamedAddress {
  readonly address: Buffer;
  readonly name: string;
}

/**
 * Iterates over the packets of a stream that arrives in pieces. The current packet is read from fields instead of an
 * object, because there may be a million packets a second.
 */
export interface PacketCursor {
  /**
   * Takes the next bytes of the stream. They are kept, not copied, until their packets were read. `headroom`: the
   * number of bytes before the chunk, in the same memory, that may be overwritten.
   */
  push(chunk: Buffer, headroom?: number): void;
  /** Advances to the next packet; false if it has not arrived completely. Throws InvalidPcapError. */
  next(): boolean;
  /** Bytes that were pushed and not read. At the end of a stream: those of a truncated packet. */
  readonly pending: number;
  /** In the order of the stream; grows while it is read. */
  readonly interfaces: readonly CapturedInterface[];
  /** By interface index; undefined for an interface without statistics. */
  readonly counts: readonly (InterfaceCounts | undefined)[];
  /** Packets lost according to comments in the stream. */
  readonly lost: number;
  /** By interface index: gaps in the recording according to comments. */
  readonly gaps: readonly (number | undefined)[];
  readonly names: readonly NamedAddress[];
  /** Comments of the section headers. */
  readonly sectionComments: readonly string[];
  /** Packets with an invalid time. */
  readonly invalidTimes: number;

  /** For the current packet: the index in `interfaces`. */
  readonly interfaceIndex: number;
  /** False for simple packets of pcapng. Their time is that of the packet before, or 0. */
  readonly hasTime: boolean;
  readonly seconds: number;
  readonly nanoseconds: number;
  /** The length on the wire. */
  readonly originalLength: number;
  /** The captured part is bytes.subarray(start, end). Valid until the next call. */
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
  /** The comments of the current packet. */
  readonly comments: readonly string[];
}
