import { pcapOf } from '../../pcap/madeCaptures.ts';

/** An IP packet, without a link layer. */
export type IpPacket = Buffer;

interface IpOptions {
  readonly family: 4 | 6;
  readonly protocol: number;
  /** IPv4 options, or an IPv6 extension header that begins with its own next-header byte. */
  readonly options?: Buffer;
  /** IPv4 flags and fragment offset. */
  readonly fragment?: number;
}

export function ip(payload: Buffer, made: IpOptions): IpPacket {
  const { family, protocol, options = Buffer.alloc(0), fragment = 0 } = made;
  if (family === 4) {
    const header = Buffer.alloc(20);
    header[0] = 0x45 + options.length / 4;
    header.writeUInt16BE(20 + options.length + payload.length, 2);
    header.writeUInt16BE(fragment, 6);
    header[8] = 64;
    header[9] = protocol;
    header.set([10, 0, 0, 1, 10, 0, 0, 2], 12);
    return Buffer.concat([header, options, payload]);
  }
  const header = Buffer.alloc(40);
  header[0] = 0x60;
  header.writeUInt16BE(options.length + payload.length, 4);
  header[6] = protocol;
  header[7] = 64;
  header.set([0xfd, 0, 1], 8);
  header[23] = 1;
  header.set([0xfd, 0, 1], 24);
  header[39] = 2;
  return Buffer.concat([header, options, payload]);
}

interface TcpOptions {
  readonly family: 4 | 6;
  readonly flags?: number;
  readonly ports?: readonly [number, number];
  /** TCP options. */
  readonly options?: Buffer;
  /** IPv4 options. */
  readonly ipOptions?: Buffer;
}

export function tcp(payload: Buffer | string, made: TcpOptions): IpPacket {
  const { family, flags = 0x18, ports = [40_000, 8443], options = Buffer.alloc(0) } = made;
  const header = Buffer.alloc(20);
  header.writeUInt16BE(ports[0], 0);
  header.writeUInt16BE(ports[1], 2);
  header[12] = (5 + options.length / 4) << 4;
  header[13] = flags;
  const segment = Buffer.concat([header, options, Buffer.from(payload)]);
  return ip(segment, {
    family,
    protocol: 6,
    ...(made.ipOptions && { options: made.ipOptions }),
  });
}

export function udp(payload: Buffer, family: 4 | 6, ports: readonly [number, number]): IpPacket {
  const header = Buffer.alloc(8);
  header.writeUInt16BE(ports[0], 0);
  header.writeUInt16BE(ports[1], 2);
  header.writeUInt16BE(8 + payload.length, 4);
  return ip(Buffer.concat([header, payload]), { family, protocol: 17 });
}

export function icmp(family: 4 | 6, type: number, code = 0): IpPacket {
  const message = Buffer.alloc(40);
  message[0] = type;
  message[1] = code;
  return ip(message, { family, protocol: family === 4 ? 1 : 58 });
}

const etherTypeOf = (packet: IpPacket) => ((packet[0] ?? 0) >> 4 === 4 ? 0x0800 : 0x86dd);

/** Link layers of captures in pods and on nodes: a veth, `-i any`, a tunnel without a link layer. */
export const LINKS = {
  ethernet: {
    linkType: 1,
    frame: (packet: IpPacket, etherType: number = etherTypeOf(packet)) =>
      Buffer.concat([Buffer.alloc(12, 2), Buffer.from([etherType >> 8, etherType & 255]), packet]),
  },
  'linux cooked v2': {
    linkType: 276,
    frame: (packet: IpPacket, etherType: number = etherTypeOf(packet)) => {
      const header = Buffer.alloc(20);
      header.writeUInt16BE(etherType, 0);
      header.writeUInt32BE(2, 4);
      header.writeUInt16BE(1, 8);
      header[11] = 6;
      return Buffer.concat([header, packet]);
    },
  },
  'raw IP': { linkType: 101, frame: (packet: IpPacket) => packet },
} as const;

/** A pcap file of frames; the seconds of each packet's time are its index in the list. */
export function fileOf(frames: readonly Buffer[], linkType: number): Buffer {
  return pcapOf({
    nanoseconds: false,
    littleEndian: true,
    linkType,
    snapLength: 262_144,
    packets: frames.map((data, index) => ({
      at: { seconds: index, nanoseconds: 0 },
      originalLength: data.length,
      data,
    })),
  });
}
