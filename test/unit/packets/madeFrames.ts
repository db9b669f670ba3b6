/** Frames built layer by layer, from the inside out: ethernet(ipv4({ protocol: 6 }, tcp({ … }))). */

export function words(...values: readonly number[]): Buffer {
  return Buffer.from(values.flatMap((value) => [(value >> 8) & 0xff, value & 0xff]));
}

function address(text: string): Buffer {
  if (!text.includes(':')) return Buffer.from(text.split('.').map(Number));
  const [head = '', tail] = text.split('::');
  const groups = (part: string) => (part === '' ? [] : part.split(':'));
  const before = groups(head);
  const after = groups(tail ?? '');
  const middle = Array.from({ length: 8 - before.length - after.length }, () => '0');
  return words(...[...before, ...middle, ...after].map((group) => Number.parseInt(group, 16)));
}

export function ethernet(type: number, ...inside: readonly Buffer[]): Buffer {
  return Buffer.concat([Buffer.alloc(12, 2), words(type), ...inside]);
}

export interface MadeIp {
  readonly from?: string;
  readonly to?: string;
  readonly protocol?: number;
  readonly id?: number;
  readonly ttl?: number;
  /** The fragment field of the header: flags and offset. */
  readonly fragment?: number;
  /** The length field, if it should be wrong. */
  readonly length?: number;
}

export function ipv4(header: MadeIp, ...inside: readonly Buffer[]): Buffer {
  const { from = '10.244.1.7', to = '10.244.2.9', protocol = 6, id = 1, ttl = 64 } = header;
  const payload = Buffer.concat(inside);
  return Buffer.concat([
    words(0x4500, header.length ?? 20 + payload.length, id, header.fragment ?? 0),
    words((ttl << 8) | protocol, 0),
    address(from),
    address(to),
    payload,
  ]);
}

export function ipv6(header: MadeIp, ...inside: readonly Buffer[]): Buffer {
  const { from = 'fd00::1:7', to = 'fd00::2:9', protocol = 6, ttl = 64 } = header;
  const payload = Buffer.concat(inside);
  return Buffer.concat([
    words(0x6000, 0, header.length ?? payload.length, (protocol << 8) | ttl),
    address(from),
    address(to),
    payload,
  ]);
}

export interface MadeTcp {
  readonly from?: number;
  readonly to?: number;
  readonly seq?: number;
  readonly ack?: number;
  /** FIN 1, SYN 2, RST 4, PSH 8, ACK 16. */
  readonly flags?: number;
  readonly window?: number;
  readonly options?: Buffer;
}

export function tcp(header: MadeTcp, ...inside: readonly (Buffer | string)[]): Buffer {
  const { from = 40_000, to = 80, seq = 1, ack = 0, flags = 0x10, window = 64_240 } = header;
  const options = header.options ?? Buffer.alloc(0);
  const numbers = Buffer.alloc(8);
  numbers.writeUInt32BE(seq >>> 0, 0);
  numbers.writeUInt32BE(ack >>> 0, 4);
  return Buffer.concat([
    words(from, to),
    numbers,
    words(((5 + options.length / 4) << 12) | flags, window, 0, 0),
    options,
    ...inside.map((part) => Buffer.from(part)),
  ]);
}

export function udp(
  [from, to]: readonly [from: number, to: number],
  payload: Buffer,
  length = 8 + payload.length,
): Buffer {
  return Buffer.concat([words(from, to, length, 0), payload]);
}

export function icmp(type: number, code: number, ...inside: readonly Buffer[]): Buffer {
  return Buffer.concat([words((type << 8) | code, 0, 0, 0), ...inside]);
}

/** The header before the inner Ethernet frame. */
export function vxlan(id: number, inner: Buffer): Buffer {
  return Buffer.concat([words(0x0800, 0, id >> 8, (id & 0xff) << 8), inner]);
}

export function geneve(id: number, type: number, inner: Buffer, options = 0): Buffer {
  return Buffer.concat([
    words((options << 8) | 0, type, id >> 8, (id & 0xff) << 8),
    Buffer.alloc(4 * options),
    inner,
  ]);
}
