/** Format of a sample file. */
interface Format {
  readonly littleEndian?: boolean;
  readonly nanoseconds?: boolean;
  /** Time of the first packet, in seconds since 1970; each later packet is about a second after the previous one. */
  readonly start?: number;
}

/** A pcap file (Ethernet) of packets with these payload lengths, made byte by byte. */
export function samplePcap(lengths: readonly number[], format: Format = {}): Buffer {
  const { littleEndian = true, nanoseconds = false, start = 1_700_000_000 } = format;
  const words = (...values: number[]) => {
    const bytes = Buffer.alloc(values.length * 4);
    for (const [index, value] of values.entries())
      if (littleEndian) bytes.writeUInt32LE(value, index * 4);
      else bytes.writeUInt32BE(value, index * 4);
    return bytes;
  };
  const magic = nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4;
  const version = littleEndian ? 0x0004_0002 : 0x0002_0004;
  return Buffer.concat([
    words(magic, version, 0, 0, 262_144, 1),
    ...lengths.flatMap((length, index) => [
      words(start + index, 123_456 + index, length, length),
      Buffer.alloc(length, index + 1),
    ]),
  ]);
}
