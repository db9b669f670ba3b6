import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CutArchive, RefusedArchive, readTarFiles } from '../../../src/transfer/tarFiles.ts';
import { END, member, pax } from './rawTar.ts';

const ONE = Buffer.from('the first file');
const TWO = Buffer.alloc(1500, 'two');
const WANTED = new Map([
  ['1.pcap', ONE.length],
  ['2.pcap', TWO.length],
]);
const GOOD = [member({ name: '1.pcap', data: ONE }), member({ name: '2.pcap', data: TWO }), END];

/** Reads an archive in pieces; gives what was received. */
async function read(archive: Buffer | AsyncIterable<Buffer>, wanted = WANTED, piece = 700) {
  const received = new Map<string, Buffer>();
  const ended: string[] = [];
  await readTarFiles(Buffer.isBuffer(archive) ? pieces(archive, piece) : archive, wanted, {
    data: async (name, chunk) => {
      received.set(name, Buffer.concat([received.get(name) ?? Buffer.alloc(0), chunk]));
    },
    end: async (name) => {
      ended.push(name);
    },
  }).catch((error: unknown) => {
    throw Object.assign(error as Error, { received, ended });
  });
  return { received, ended };
}

async function* pieces(archive: Buffer, size: number) {
  for (let at = 0; at < archive.length; at += size) yield archive.subarray(at, at + size);
}

describe('files out of a tar stream', () => {
  it.each([1, 511, 512, 513, 100_000])('come whole, in pieces of %i bytes', async (piece) => {
    const { received, ended } = await read(Buffer.concat(GOOD), WANTED, piece);
    expect(received).toEqual(
      new Map([
        ['1.pcap', ONE],
        ['2.pcap', TWO],
      ]),
    );
    expect(ended).toEqual(['1.pcap', '2.pcap']);
  });

  const refused: [string, Buffer[]][] = [
    ['an absolute name', [member({ name: '/1.pcap', data: ONE })]],
    ['a way out of the folder', [member({ name: '../1.pcap', data: ONE })]],
    ['a way out within a name', [member({ name: 'x/../../1.pcap', data: ONE })]],
    ['the same file under a longer name', [member({ name: './1.pcap', data: ONE })]],
    ['a file that nobody asked for', [...GOOD.slice(0, 2), member({ name: '.bashrc', data: ONE })]],
    ['a symbolic link', [member({ name: '1.pcap', type: '2', linkname: '/etc/passwd' })]],
    ['a hard link', [member({ name: '1.pcap', type: '1', linkname: '2.pcap' })]],
    ['a file that is a link too', [member({ name: '1.pcap', data: ONE, linkname: '/etc/passwd' })]],
    ['a character device', [member({ name: '1.pcap', type: '3' })]],
    ['a block device', [member({ name: '1.pcap', type: '4' })]],
    ['a fifo', [member({ name: '1.pcap', type: '6' })]],
    ['a folder', [member({ name: '1.pcap', type: '5' })]],
    ['a folder by its slash', [member({ name: '1.pcap/' })]],
    ['an unknown kind', [member({ name: '1.pcap', type: 'S', data: ONE })]],
    ['a name twice', [GOOD[0] as Buffer, member({ name: '1.pcap', data: ONE })]],
    ['a smaller size', [member({ name: '1.pcap', data: ONE.subarray(1) })]],
    ['a larger size', [member({ name: '1.pcap', data: Buffer.concat([ONE, ONE]) })]],
    ['a header of 8 GB', [member({ name: '1.pcap', data: ONE, size: 0o77777777777 })]],
    ['a size that is none', [member({ name: '1.pcap', data: ONE, size: -1 })]],
    ['another name by pax', [pax({ path: '../x' }), member({ name: '1.pcap', data: ONE })]],
    ['another size by pax', [pax({ size: '10737418240' }), member({ name: '1.pcap', data: ONE })]],
    ['a link by pax', [pax({ linkpath: '/x' }), member({ name: '1.pcap', type: '2' })]],
    [
      'another name by GNU',
      [
        member({ name: '././@LongLink', type: 'L', data: Buffer.from('/etc/cron.d/x\0') }),
        member({ name: '1.pcap', data: ONE }),
      ],
    ],
    ['a pax header without end', [member({ name: 'pax', type: 'x', size: 0o77777777777 })]],
    ['garbage after the end', [...GOOD, Buffer.alloc(2048, 'x')]],
    ['a wrong checksum', [Buffer.from(member({ name: '1.pcap', data: ONE })).fill('9', 100, 107)]],
    ['no archive', [Buffer.alloc(4096, 'sh: tar: not found\n')]],
  ];
  it.each(refused)('are refused: %s', async (_, parts) => {
    const error = await read(Buffer.concat(parts)).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(RefusedArchive);
    const { received } = error as { received: Map<string, Buffer> };
    for (const name of received.keys()) expect([...WANTED.keys()]).toContain(name);
  });

  it('are refused when headers, or nothing, come without end', async () => {
    const endless = async function* (block: Buffer) {
      for (;;) yield block;
    };
    await expect(read(endless(Buffer.alloc(10_240)))).rejects.toThrow(/longer/);
    await expect(read(endless(pax({ comment: 'x'.repeat(9000) })))).rejects.toThrow(/longer/);
  });

  it('are whole or cut, wherever the archive ends', async () => {
    const archive = Buffer.concat(GOOD);
    const whole = 512 + 512 + 512 + 1536;
    for (let length = 0; length < archive.length; length += 37) {
      const result = await read(archive.subarray(0, length)).catch((caught: unknown) => caught);
      const { ended, received } = result as Awaited<ReturnType<typeof read>>;
      for (const name of ended) expect(received.get(name)).toEqual(name === '1.pcap' ? ONE : TWO);
      if (result instanceof Error) expect(result).toBeInstanceOf(CutArchive);
      else expect(length).toBeGreaterThanOrEqual(whole);
    }
  });

  it('end with the failure of the stream, or of whoever takes them', async () => {
    const broken = async function* () {
      yield Buffer.concat(GOOD).subarray(0, 600);
      throw new Error('the link broke');
    };
    await expect(read(broken())).rejects.toThrow('the link broke');
    const full = readTarFiles(pieces(Buffer.concat(GOOD), 100), WANTED, {
      data: async () => {
        throw new Error('the disk is full');
      },
      end: async () => {},
    });
    await expect(full).rejects.toThrow('the disk is full');
  });

  it('wait for whoever takes them', async () => {
    let given = 0;
    let taken = 0;
    let ahead = 0;
    const size = 4 * 2 ** 20;
    const source = async function* () {
      yield member({ name: 'big', size }).subarray(0, 512);
      for (; given < size; given += 65_536) yield Buffer.alloc(65_536);
      yield END;
    };
    await readTarFiles(source(), new Map([['big', size]]), {
      data: async (_, chunk) => {
        ahead = Math.max(ahead, given - taken);
        taken += chunk.length;
        await new Promise((go) => setImmediate(go));
      },
      end: async () => {},
    });
    expect(taken).toBe(size);
    expect(ahead).toBeLessThan(300_000);
  });

  const TARS = [
    { name: 'GNU tar', program: 'tar', args: [] },
    { name: 'GNU tar for pax', program: 'tar', args: ['--format=pax'] },
    { name: 'busybox tar', program: 'busybox', args: ['tar'] },
  ].filter(({ program }) => spawnSync('which', [program]).status === 0);
  it.each(TARS)('come from $name: sparse, empty and odd sizes', async ({ program, args }) => {
    const folder = mkdtempSync(join(tmpdir(), 'netdebug-tar-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const sizes = { 'a.pcap': 0, 'b.pcap': 511, 'c.pcap': 512, 'sparse.pcap': 300_000 };
    for (const [name, size] of Object.entries(sizes)) {
      writeFileSync(join(folder, name), Buffer.alloc(Math.min(size, 1000), 'x'));
      truncateSync(join(folder, name), size);
    }
    const archive = execFileSync(program, [...args, '-cf', '-', ...Object.keys(sizes)], {
      cwd: folder,
      maxBuffer: 2 ** 24,
    });
    const { received, ended } = await read(archive, new Map(Object.entries(sizes)), 10_000);
    expect(ended).toEqual(Object.keys(sizes));
    expect(received.get('sparse.pcap')?.length).toBe(300_000);
  });
});
