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

/** What the recorder counted on an interface, as far as the file says. */
export interface InterfaceCounts {
  /** Packets that arrived on the interface or passed the filter. */
  received?: number;
  /** Packets that were lost before they reached the file. */
  dropped?: number;
}

/** A name that the file gives to an address of 4 or 16 bytes. */
export interface NamedAddress {
  readonly address: Buffer;
  readonly name: string;
}

/**
 * Goes through the packets of a stream that arrives in pieces. The current packet is read from fields
 * instead of from an object, since there may be a million packets a second.
 */
export interface PacketCursor {
  /**
   * Takes the next bytes of the stream. They are kept, not copied, until their packets are passed.
   * `headroom`: how many bytes before the chunk, in the same memory, may be overwritten.
   */
  push(chunk: Buffer, headroom?: number): void;
  /** Goes to the next packet; false when its bytes are not all there yet. Throws NotPcap. */
  next(): boolean;
  /** Bytes pushed and not passed; at the end of a stream: those of a packet that was cut off. */
  readonly pending: number;
  /** In the order in which the stream names them; grows. */
  readonly interfaces: readonly CapturedInterface[];
  /** By index of the interface; an interface without statistics has none. */
  readonly counts: readonly (InterfaceCounts | undefined)[];
  /** Packets that comments in the stream report as lost. */
  readonly lost: number;
  /** By index of the interface: parts of its recording that comments report as missing. */
  readonly gaps: readonly (number | undefined)[];
  readonly names: readonly NamedAddress[];
  /** Comments of the stream's sections. */
  readonly sectionComments: readonly string[];
  /** Packets whose time was no valid time. */
  readonly invalidTimes: number;

  /** Of the current packet: the index in `interfaces`. */
  readonly interfaceIndex: number;
  /** False for the simple packets of pcapng; the time is then that of the packet before, or 0. */
  readonly hasTime: boolean;
  readonly seconds: number;
  readonly nanoseconds: number;
  /** Its length on the wire. */
  readonly originalLength: number;
  /** What was kept of it is bytes.subarray(start, end), until the next call. */
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
  /** The comments of the current packet. */
  readonly comments: readonly string[];
}
