interface Member {
  readonly name: string;
  readonly data?: Buffer;
  /** What the header claims; the length of the data without it. */
  readonly size?: number;
  /** 0 file, 1 link, 2 symbolic link, 3 and 4 devices, 5 folder, 6 fifo, x pax, L GNU long name. */
  readonly type?: string;
  readonly linkname?: string;
}

/** One header and its data, byte by byte as POSIX ustar has them: no library in between. */
export function member({ name, data, size, type = '0', linkname = '' }: Member): Buffer {
  const content = data ?? Buffer.alloc(0);
  const header = Buffer.alloc(512);
  const octal = (value: number, at: number, digits: number) =>
    header.write(`${value.toString(8).padStart(digits, '0')}\0`, at, 'latin1');
  header.write(name, 0, 100, 'latin1');
  octal(0o644, 100, 7);
  octal(0, 108, 7);
  octal(0, 116, 7);
  octal(size ?? content.length, 124, 11);
  octal(0, 136, 11);
  header.write(type, 156, 'latin1');
  header.write(linkname, 157, 100, 'latin1');
  header.write('ustar\x0000', 257, 'latin1');
  header.fill(' ', 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return Buffer.concat([header, content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
}

/** A pax header that changes what the next member says of itself. */
export function pax(records: Readonly<Record<string, string>>): Buffer {
  const lines = Object.entries(records).map(([key, value]) => {
    const rest = ` ${key}=${value}\n`;
    let length = rest.length + 1;
    while (String(length).length + rest.length !== length) length += 1;
    return `${length}${rest}`;
  });
  return member({ name: 'pax', type: 'x', data: Buffer.from(lines.join('')) });
}

export const END = Buffer.alloc(1024);
