import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { interfaceBlock, namesBlock, sectionBlock } from '../../../src/pcap/pcapngBlocks.ts';
import { captureFilesOf } from '../../../src/reading/input/captureFiles.ts';
import { AddressNames } from '../../../src/reading/names.ts';
import { printPackets, type ReadRequest, writePackets } from '../../../src/reading/read.ts';
import { NeedsTshark } from '../../../src/reading/select/subset.ts';
import { TimeWindow } from '../../../src/reading/timeWindow.ts';
import { fileOf, icmp, ip, LINKS, tcp, udp } from '../filters/support/packets.ts';
import { pcapOf } from '../pcap/madeCaptures.ts';
import { FOLDER, hasCaptures } from './compare/captures.ts';

const folder = mkdtempSync(join(tmpdir(), 'netdebug-read-'));
afterAll(() => rmSync(folder, { recursive: true }));

const ARP = Buffer.concat([
  Buffer.from([0, 1, 8, 0, 6, 4, 0, 1]),
  Buffer.alloc(6, 2),
  Buffer.from([10, 0, 0, 1]),
  Buffer.alloc(6),
  Buffer.from([10, 0, 0, 9]),
]);
const options = Buffer.from([2, 4, 5, 180, 1, 3, 3, 7, 4, 2, 1, 1]);
const PACKETS = [
  ...([4, 6] as const).flatMap((family) => [
    tcp('', { family, flags: 0x02, ports: [40_000, 9999], options }),
    tcp('', { family, flags: 0x12, ports: [9999, 40_000], options }),
    tcp('', { family, flags: 0x10, ports: [40_000, 9999] }),
    tcp('some text', { family, flags: 0x18, ports: [40_000, 9999] }),
    tcp('', { family, flags: 0x14, ports: [9999, 40_000] }),
    udp(Buffer.from('hello there'), family, [40_001, 40_002]),
    icmp(family, family === 4 ? 8 : 128),
    icmp(family, family === 4 ? 3 : 1, family === 4 ? 3 : 4),
  ]),
  ip(Buffer.alloc(64), { family: 4, protocol: 17, fragment: 0x2000 }),
].map((packet) => LINKS.ethernet.frame(packet));
const FRAMES = [...PACKETS, LINKS.ethernet.frame(ARP, 0x0806)];

function file(name: string, bytes: Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}
const PATH = file('packets.pcap', fileOf(FRAMES, 1));

type ReadOptions = Partial<Pick<ReadRequest, 'filter' | 'tshark' | 'count' | 'window' | 'names'>>;

function requestOf(
  paths: readonly string[],
  readOptions: ReadOptions,
  write: ReadRequest['write'],
): ReadRequest {
  const { signal } = new AbortController();
  return {
    inputs: paths,
    window: new TimeWindow(undefined, undefined),
    names: new AddressNames(),
    signal,
    write,
    ...readOptions,
  };
}

async function printed(paths: readonly string[], readOptions: ReadOptions = {}) {
  let text = '';
  const request = requestOf(paths, readOptions, async (bytes) => {
    text += bytes.toString();
  });
  const { notes } = await printPackets({ ...request, timeFormat: 'r' });
  return { lines: text.split('\n').filter(Boolean), notes };
}

async function written(paths: readonly string[], readOptions: ReadOptions = {}): Promise<string> {
  const path = join(folder, 'written.pcapng');
  const parts: Buffer[] = [];
  const request = requestOf(paths, readOptions, async (bytes) => {
    parts.push(Buffer.from(bytes));
  });
  await writePackets({ ...request, application: 'a test' });
  writeFileSync(path, Buffer.concat(parts));
  return path;
}

function tshark(path: string, ...args: string[]): string[] {
  const text = execFileSync('tshark', ['-n', '-r', path, ...args], {
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  return text.split('\n').filter(Boolean);
}
const numbersOf = (lines: readonly string[]) =>
  lines.map((line) => Number(line.trim().split(' ')[0]));

/** tshark adds what netdebug does not know: the analysis of the conversation, and which packet answers which. */
const withoutAnalysis = (line: string) =>
  line
    .replace(/\[TCP [^\]]*\] | \[ILLEGAL CHECKSUM[^\]]*\]/g, '')
    .replace(/ \((request|reply|no response).*\)$/, '');

/** tshark 4.4 prints it, 4.0 does not. */
const withoutServerName = (line: string) => line.replace(' (SNI=www.ntop.org)', '');

describe.skipIf(!hasCaptures)('read', () => {
  it('prints TLS as tshark does, with the server name', async () => {
    const path = join(FOLDER, 'ndpi/443-curl.pcap');
    const { lines } = await printed([path]);
    expect(lines.map(withoutServerName)).toEqual(
      tshark(path).map((line) => withoutServerName(withoutAnalysis(line).trimEnd())),
    );
    expect(lines.filter((line) => line.includes('SNI='))).toHaveLength(1);
  });
});

describe('read', () => {
  it('prints packets as tshark does', async () => {
    const { lines } = await printed([PATH]);
    expect(lines).toEqual(
      tshark(PATH)
        .map(withoutAnalysis)
        .map((line) => line.trimEnd()),
    );
  });

  it.each(['ud', 'ad', 'e'] as const)('prints times as tshark -t %s does', async (timeFormat) => {
    let text = '';
    const request = requestOf([PATH], { count: 1 }, async (bytes) => {
      text += bytes.toString();
    });
    await printPackets({ ...request, timeFormat });
    expect(text.trim()).toBe(tshark(PATH, '-t', timeFormat, '-c', '1')[0]?.trim());
  });

  it('reads gzip, and several files in the order of time', async () => {
    const packets = FRAMES.map((data, index) => ({
      at: { seconds: index, nanoseconds: 0 },
      originalLength: data.length,
      data,
    }));
    const part = (remainder: number) =>
      pcapOf({
        nanoseconds: false,
        littleEndian: remainder === 1,
        linkType: 1,
        snapLength: 65_535,
        packets: packets.filter((_, index) => index % 3 === remainder),
      });
    const paths = [2, 0, 1].map((remainder) => {
      const bytes = part(remainder);
      return remainder === 0
        ? file('part0.pcap.gz', gzipSync(bytes))
        : file(`part${remainder}.pcap`, bytes);
    });
    const { lines } = await printed(paths);
    expect(lines).toEqual((await printed([PATH])).lines);
  });

  it('reads a fetched folder by its manifest, and reports missing parts', async () => {
    const fetched = join(folder, 'rare');
    mkdirSync(fetched);
    const names = ['rare-0009.pcap', 'rare-0010.pcap'];
    for (const [index, name] of names.entries()) {
      const data = FRAMES[0] ?? Buffer.alloc(0);
      const at = { seconds: 100 - index, nanoseconds: 0 };
      writeFileSync(
        join(fetched, name),
        pcapOf({
          nanoseconds: false,
          littleEndian: true,
          linkType: 1,
          snapLength: 0,
          packets: [{ at, originalLength: data.length, data }],
        }),
      );
    }
    writeFileSync(join(fetched, 'rare-0011.pcap.part'), 'being copied');
    const files = [
      { seq: 10, name: names[1], state: 'whole' },
      { seq: 9, name: names[0], state: 'whole' },
      { seq: 11, name: '../../etc/passwd', state: 'whole' },
    ];
    const gaps = [{ first: 1, last: 8, why: 'removed by the ring' }];
    writeFileSync(join(fetched, 'capture.json'), JSON.stringify({ files, gaps, dropped: 5 }));
    const captureFiles = await captureFilesOf([fetched]);
    expect(captureFiles.paths).toEqual(names.map((name) => join(fetched, name)));
    expect(captureFiles.notes.join()).toMatch(/\b1\b.*\b8\b[\s\S]*\b5 packets/);
    expect((await printed(captureFiles.paths)).lines).toHaveLength(2);
    await expect(captureFilesOf([join(folder, 'nothing')])).rejects.toMatchObject({
      kind: 'not-read',
    });
  });

  it('reads a truncated file up to its end, with a note', async () => {
    const cut = file('cut.pcap', readFileSync(PATH).subarray(0, -10));
    const { lines, notes } = await printed([cut]);
    expect(lines).toHaveLength(FRAMES.length - 1);
    expect(notes).toEqual([expect.stringContaining('cut.pcap')]);
  });

  it('reads a file that is larger than its buffers, with every packet in order', async () => {
    const frame = LINKS.ethernet.frame(udp(Buffer.alloc(200), 4, [40_001, 40_002]));
    const frames = Array.from({ length: 30_000 }, (_, index) => {
      const data = Buffer.from(frame);
      data.writeUInt16BE(10_000 + index, 34);
      return data;
    });
    const large = file('large.pcap', fileOf(frames, 1));
    const { lines } = await printed([large]);
    const wrong = lines.filter((line, index) => {
      const [number, , , , , , , port] = line.trim().split(/ +/);
      return Number(number) !== index + 1 || Number(port) !== 10_000 + index;
    });
    expect([lines.length, wrong.slice(0, 3)]).toEqual([frames.length, []]);
  });

  it('refuses files that are not captures', async () => {
    const path = file('text.pcap', Buffer.from('just some text that is long enough'));
    await expect(printed([path])).rejects.toMatchObject({ kind: 'damaged' });
  });

  it('selects by time, with nanoseconds, and stops after a count', async () => {
    const window = new TimeWindow('2.000000001', '5');
    expect(numbersOf((await printed([PATH], { window })).lines)).toEqual([4, 5, 6]);
    expect(numbersOf((await printed([PATH], { window, count: 2 })).lines)).toEqual([4, 5]);
    expect(
      numbersOf((await printed([PATH], { window, filter: 'ip', tshark: 'tshark' })).lines),
    ).toEqual([4, 5, 6]);
  });
});

const FILTERS = [
  'tcp',
  'ip.addr == 10.0.0.1 && udp',
  'ipv6 and not icmpv6',
  'ip.src == 10.0.0.0/24 or ipv6.dst == fd00:100::2',
  'tcp.flags.reset == 1',
  'tcp.flags.syn == 1 and tcp.flags.ack == 0',
  'tcp.port == 40000',
  'tcp.srcport != 40000',
  'tcp.srcport in {9000..9999, 1}',
  'tcp.len > 0 || udp.length >= 19',
  'icmp.type == 8 || icmpv6.type == 128',
  'arp',
  'frame.len < 60',
  'frame.time_epoch >= 3.5 && frame.time_epoch <= 7',
  'frame.number == 4',
  'eth.src == 02:02:02:02:02:02 && !ip',
  'udp.payload contains "there"',
  'frame contains 73:6f:6d:65',
  'ip.ttl == 64 && ip.flags.mf == 1',
  'tcp.flags.ack == True && !(ip.addr == 10.0.0.1)',
];

describe('a display filter', () => {
  it.each(FILTERS)('%s selects the same as in tshark', async (filter) => {
    const ownNumbers = numbersOf((await printed([PATH], { filter })).lines);
    const tsharkNumbers = tshark(PATH, '-Y', filter, '-T', 'fields', '-e', 'frame.number').map(
      Number,
    );
    expect(ownNumbers).toEqual(tsharkNumbers);
    expect(ownNumbers.length).toBeGreaterThan(0);
  });

  it('is evaluated by tshark if it is installed, which also supports its other fields', async () => {
    const { lines } = await printed([PATH], { filter: 'tcp.stream == 0', tshark: 'tshark' });
    expect(lines).toEqual(tshark(PATH, '-Y', 'tcp.stream == 0').map((line) => line.trimEnd()));
    expect(lines.length).toBe(3);
  });

  it.each([
    'http.request',
    'dns.qry.name contains "x"',
    'tcp.payload[0] == 1',
    'tcp.analysis.retransmission',
    'len(frame) > 1',
    'ip.addr > 10.0.0.1',
  ])('that needs tshark is reported: %s', async (filter) => {
    await expect(printed([PATH], { filter })).rejects.toThrow(NeedsTshark);
  });

  it("that tshark refuses is a usage error, with tshark's message", async () => {
    await expect(
      printed([PATH], { filter: 'tcp.bogus == 1', tshark: 'tshark' }),
    ).rejects.toMatchObject({ exitCode: 2 });
  });
});

describe('read -w', () => {
  const described = {
    linkType: 1,
    snapLength: 0,
    resolution: 6 as const,
    comments: ['pod: web-1'],
    name: 'shop/web-1/eth0',
  };
  const named = [
    { address: Buffer.from([10, 0, 0, 1]), name: 'web-1' },
    { address: Buffer.from('fd000100000000000000000000000002', 'hex'), name: 'svc/db\x1b[31m' },
  ];
  const packets = async () => {
    const filtered = await written([PATH], { filter: 'tcp' });
    const bytes = readFileSync(filtered);
    // The packets, without their section and interface.
    const section = bytes.readUInt32LE(4);
    const rest = bytes.subarray(section + bytes.readUInt32LE(section + 4));
    return file(
      'named.pcapng',
      Buffer.concat([
        sectionBlock({ application: 'test' }),
        interfaceBlock(described),
        namesBlock(named),
        rest,
      ]),
    );
  };

  it.each([undefined, 'tshark'])('keeps interfaces and names (filtered by %s)', async (program) => {
    const source = await packets();
    const path = await written([source], {
      filter: 'tcp.flags.reset == 1',
      ...(program && { tshark: program }),
    });
    expect(
      tshark(path, '-T', 'fields', '-e', 'frame.interface_name', '-e', 'tcp.flags.reset').map(
        // Printed as a word from tshark 4.2 on.
        (line) => line.replace(/True$/, '1'),
      ),
    ).toEqual(['shop/web-1/eth0\t1', 'shop/web-1/eth0\t1']);
    const { lines } = await printed([path]);
    expect(lines[0]).toMatch(/ web-1 /);
    expect(lines[1]).toContain('svc/db\\x1b[31m');
    expect(execFileSync('capinfos', ['-c', path], { encoding: 'utf8' })).toMatch(/packets: +2\b/);
    expect(statSync(path).size).toBeGreaterThan(0);
  });

  it('also writes names that were looked up, and a file without packets', async () => {
    const names = new AddressNames();
    names.add('10.0.0.2', 'client');
    const path = await written([PATH], { names, filter: 'udp' });
    expect((await printed([path])).lines[0]).toContain('→ client');
    const empty = await written([PATH], { filter: 'frame.number > 1000' });
    expect(tshark(empty)).toEqual([]);
  });
});
