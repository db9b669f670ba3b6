import type { CapturedInterface } from '../pcap/packetCursor.ts';

/** An interface of one capture, and what was found on it. */
export class CaptureInterface {
  readonly index: number;
  /** The name by which people know it. */
  readonly label: string;
  readonly linkType: number;
  readonly snapLength: number;
  /** Which capture it is of: its place on the command line. */
  readonly capture: number;
  /** Its number in the file: frame.interface_id of Wireshark. */
  readonly numberInFile: number;
  readonly described: CapturedInterface;
  packets = 0;
  /** Bytes on the wire. */
  bytes = 0;
  /** Packets of which less was kept than was on the wire. */
  truncated = 0;
  /** Packets whose inside is not known. */
  undecoded = 0;
  copies = 0;
  /** The largest IP packet, and how many came from offload with no length of their own. */
  largestPacket = 0;
  offloaded = 0;
  /** Lost before they reached the file; undefined where the file does not say. */
  dropped: number | undefined;
  /** Parts of its recording that are known to be missing. */
  gaps = 0;
  /** Of its first and last packet: nanoseconds since the capture's start. */
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
