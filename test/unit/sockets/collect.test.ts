import { describe, expect, it } from 'vitest';
import { collectOwners, collectSockets } from '../../../src/sockets/collect.ts';
import { SocketStore } from '../../../src/sockets/socketStore.ts';
import { procNetLineParser } from '../../../src/tools/procNet.ts';
import { ssLineParser } from '../../../src/tools/ss.ts';
import { recording, socketsIn } from '../tools/recordings.ts';
import { EVERYTHING, selecting } from './selections.ts';

/** The text as a stream of chunks of this many bytes, which split lines and characters anywhere. */
async function* inPieces(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let start = 0; start < bytes.length; start += size) {
    yield bytes.subarray(start, start + size);
  }
}

describe('collectSockets', () => {
  const output = recording('ss-6.1-all.txt');
  const all = socketsIn(output, ssLineParser(EVERYTHING));

  it.each([1, 7, 1000, 100_000])('reads chunks of %i bytes', async (size) => {
    const store = new SocketStore();
    const parse = ssLineParser(EVERYTHING);
    expect(await collectSockets(inPieces(output, size), parse, EVERYTHING, store)).toBe(0);
    expect([...store]).toEqual(all);
  });

  it('keeps only selected sockets, and adds the pod', async () => {
    const store = new SocketStore();
    const selection = selecting({ states: 'listening', udp: false });
    const parse = ssLineParser(EVERYTHING);
    await collectSockets(inPieces(output, 1000), parse, selection, store, 'web-1');
    const isWanted = ({ state }: { state: string }) => state === 'LISTEN' || state === 'LISTENING';
    expect([...store]).toEqual(all.filter(isWanted).map((listed) => ({ ...listed, pod: 'web-1' })));
  });

  it('counts lines that it cannot parse, also a last line without a line feed', async () => {
    const store = new SocketStore();
    const text = 'garbage\n\ntcp ESTAB 0 0 10.0.0.1:80 10.0.0.2:4000\nmore garbage';
    const parse = ssLineParser(EVERYTHING);
    expect(await collectSockets(inPieces(text, 5), parse, EVERYTHING, store)).toBe(2);
    expect(store.length).toBe(1);
  });

  it.each([
    [
      'ss',
      ssLineParser(EVERYTHING),
      'u_str LISTEN 0 5 @two\nlines 4711 * 0 users:(("x",pid=1,fd=3))\nu_str ESTAB 0 0 * 12 @a\n\nb 13\n',
      ['@two\nlines', ''],
    ],
    [
      'the kernel',
      procNetLineParser(),
      'Num       RefCount Protocol Flags    Type St Inode Path\n0000000000000000: 00000002 00000000 00010000 0001 01 4711 @two\nlines\n0000000000000000: 00000003 00000000 00000000 0001 03    12\n',
      ['@two\nlines', ''],
    ],
  ])('reads names with newlines as printed by %s', async (_, parse, text, paths) => {
    const store = new SocketStore();
    expect(await collectSockets(inPieces(text, 5), parse, EVERYTHING, store)).toBe(0);
    expect([...store].map(({ local }) => 'path' in local && local.path)).toEqual(paths);
  });

  it('counts each line that cannot be parsed even then', async () => {
    const store = new SocketStore();
    const text = 'u_str what\nis\nthis\ntcp ESTAB 0 0 10.0.0.1:80 10.0.0.2:4000\n';
    const parse = ssLineParser(EVERYTHING);
    expect(await collectSockets(inPieces(text, 5), parse, EVERYTHING, store)).toBe(3);
    expect(store.length).toBe(1);
  });

  it.each([
    ['*:7001', 1],
    ['[::]:7001', 0],
    ['[::ffff:10.0.0.1]:7001', 1],
    ['[2001:db8::1]:7001', 0],
  ])('counts a listener at %s as IPv4: %i', async (local, count) => {
    const store = new SocketStore();
    const selection = selecting({ ipv6: false });
    const text = `tcp LISTEN 0 5 ${local} [::]:*\n`;
    await collectSockets(inPieces(text, 100), ssLineParser(selection), selection, store);
    expect(store.length).toBe(count);
  });
});

describe('collectOwners', () => {
  it('joins names and descriptors', async () => {
    const owners = await collectOwners(
      inPieces('7 (my app) S 1 7\n', 3),
      inPieces('/proc/7/fd:\ntotal 0\nlrwx------ 1 0 0 64 Nov 23 01:04 3 -> socket:[11]\n', 10),
    );
    expect([...owners]).toEqual([[11, [{ pid: 7, name: 'my app', fd: 3 }]]]);
  });
});
