import type { CapturedInterface } from '../pcap/packetCursor.ts';

/** An interface of one capture and its statistics. */
export class CaptureInterface {
  readonly index: number;
  /** The name shown to users. */
  readonly label: string;
  readonly linkType: number;
  readonly snapLength: number;
  /** The capture it belongs to, by its index on the command line. */
  readonly capture: number;
  /** The number of the interface in the file, frame.interface_id in Wireshark. */
  readonly numberInFile: number;
  readonly described: CapturedInterface;
  packets = 0;
  /** Bytes on the wire. */
  bytes = 0;
  /** Packets that were captured only in part. */
  truncated = 0;
  /** Packets that could not be decoded. */
  undecoded = 0;
  copies = 0;
  /** The size of the largest IP packet, and the number of packets without a length of their own due to offload. */
  largestPacket = 0;
  offloaded = 0;
  /** Packets lost before they reached the file; undefined if the file does not contain this count. */
  dropped: number | undefined;
  /** Known gaps in the recording. */
  gaps = 0;
  /** The times of its first and last packets in nanoseconds since the start of the capture. */
  start = Number.POSITIVE_INFINITY;
  end = Number.NEGATIVE_INFINITY;

  constructor(
    index: number,
    label: string,
    capture: number,
    numberInFile: number,
    described: CapturedInterface,
  ) {
    this.index = index;
    this.label = label;
    this.capture = capture;
    this.numberInFile = numberInFile;
    this.described = described;
    this.linkType = described.linkType;
    this.snapLength = described.snapLength;
  }
}
