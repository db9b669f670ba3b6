import { describe, expect, it } from 'vitest';
import {
  descriptorListing,
  parseStat,
  procNetCommand,
  procNetLineParser,
} from '../../../src/tools/procNet.ts';
import { ssLineParser } from '../../../src/tools/ss.ts';
import { EVERYTHING, selecting } from '../sockets/selections.ts';
import { recording, socketsIn } from './recordings.ts';
import { asNetstat, asUnixNetstat, internetTruth, unixTruth } from './socketTruth.ts';

const TCP_HEADER =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';
const TCP6_HEADER = TCP_HEADER.replace('rem_address', 'remote_address');

function addressOf(words: string): unknown {
  const parse = procNetLineParser();
  parse(words.length === 8 ? TCP_HEADER : TCP6_HEADER);
  return parse(
    `   0: ${words}:0050 ${'0'.repeat(words.length)}:0000 0A 00000000:00000000 00:00000000 00000000 0 0 7 1 0 100 0 0 10 0`,
  )?.local;
}

describe('procNetCommand', () => {
  it('reads only the selected tables', () => {
    expect(procNetCommand(selecting({ udp: false, ipv4: false }))).toEqual([
      'cat',
      '/proc/net/tcp6',
      '/proc/net/unix',
    ]);
    // IPv6 sockets may accept IPv4.
    expect(procNetCommand(selecting({ udp: false, unix: false, ipv6: false }))).toEqual([
      'cat',
      '/proc/net/tcp',
      '/proc/net/tcp6',
    ]);
  });
});

describe('procNetLineParser', () => {
  const sockets = socketsIn(recording('proc-net.txt'), procNetLineParser());

  it('finds the same sockets in a recording as netstat at the same moment', () => {
    const internet = sockets.filter((socket) => socket.protocol !== 'unix');
    expect(internet.map(asNetstat).toSorted()).toEqual(internetTruth(recording('netstat.txt')));
    const unix = sockets.filter((socket) => socket.protocol === 'unix' && socket.inode);
    expect(unix.map(asUnixNetstat).toSorted()).toEqual(unixTruth(recording('netstat-unix.txt')));
  });

  it('agrees with ss on protocol, owner, inode and kind of timer', () => {
    const essence = ({ protocol, local, peer, uid, inode, timer }: (typeof sockets)[number]) => ({
      protocol,
      ends: JSON.stringify([local, peer]).replace(/,"interface":"\w+"/, ''),
      uid,
      inode,
      timer: timer?.name,
    });
    const fromSs = socketsIn(recording('ss-6.1-all.txt'), ssLineParser(EVERYTHING));
    const isInternet = ({ protocol }: { protocol: string }) => protocol !== 'unix';
    expect(sockets.filter(isInternet).map(essence)).toEqual(
      expect.arrayContaining(fromSs.filter(isInternet).map(essence)),
    );
  });

  it('leaves fields undefined that these tables do not contain', () => {
    const listener = sockets.find((socket) => socket.state === 'LISTEN');
    expect(listener).toMatchObject({ receiveQueue: 0, sendQueue: undefined });
    const unix = sockets.find((socket) => socket.protocol === 'unix');
    expect(unix).toMatchObject({ receiveQueue: undefined, sendQueue: undefined });
  });

  it.each([
    ['0100007F', '127.0.0.1'],
    ['00000000', '0.0.0.0'],
    ['00000000000000000000000000000000', '::'],
    ['00000000000000000000000001000000', '::1'],
    ['0000000000000000FFFF00000100000A', '::ffff:10.0.0.1'],
    ['000080FE00000000FFF18728DCF0D5FE', 'fe80::2887:f1ff:fed5:f0dc'],
    ['B80D0120000010000000000001000000', '2001:db8:10::1'],
    ['B80D0120000000000100000000000000', '2001:db8::1:0:0'],
    ['B80D0120010002000300040005000600', '2001:db8:2:1:4:3:6:5'],
  ])('reads the address %s as %s', (words, address) => {
    expect(addressOf(words)).toEqual({ address, port: 80, interface: undefined });
  });

  it('cannot parse a line before any header, or a broken one', () => {
    const parse = procNetLineParser();
    expect(parse('   0: 0100007F:0050')).toBeUndefined();
    expect(parse(TCP_HEADER)).toBeNull();
    expect(parse('   0: 0100007F:0050')).toBeUndefined();
  });

  it('adds the given processes by inode', () => {
    const nginx = [{ pid: 7, name: 'nginx', fd: 6 }];
    const parse = procNetLineParser(new Map([[12, nginx]]));
    parse('Num       RefCount Protocol Flags    Type St Inode Path');
    const line = '0000: 00000002 00000000 00010000 0001 01';
    expect(parse(`${line} 12 /run/a b.sock`)).toMatchObject({
      local: { path: '/run/a b.sock', inode: 12 },
      state: 'LISTENING',
      processes: nginx,
    });
    expect(parse(`${line} 13`)?.processes).toBeUndefined();
  });
});

describe('descriptorListing', () => {
  it.each(['descriptors-gnu.txt', 'descriptors-busybox.txt'])(
    'finds the same in %s as ss',
    (file) => {
      const names = new Map([
        [1, 'web 1'],
        [50, 'child'],
      ]);
      const listing = descriptorListing(names);
      recording(file).split('\n').forEach(listing.addLine);
      const withProcesses = socketsIn(recording('ss-6.1-all.txt'), ssLineParser(EVERYTHING)).filter(
        (socket) => socket.processes !== undefined,
      );
      expect(withProcesses.length).toBeGreaterThan(40);
      for (const { inode, processes } of withProcesses) {
        const byPid = listing.owners.get(inode ?? 0)?.toSorted((a, b) => b.pid - a.pid);
        expect(byPid).toEqual(processes);
      }
    },
  );

  it('does not assign descriptors under another heading', () => {
    const listing = descriptorListing(new Map());
    listing.addLine('/proc/7/fd:');
    listing.addLine('lrwx------ 1 0 0 64 Nov 23 01:04 3 -> socket:[11]');
    listing.addLine('/proc/self/fd:');
    listing.addLine('lrwx------ 1 0 0 64 Nov 23 01:04 4 -> socket:[12]');
    expect([...listing.owners]).toEqual([[11, [{ pid: 7, name: '?', fd: 3 }]]]);
  });
});

describe('parseStat', () => {
  it('reads any name', () => {
    expect(recording('stat.txt').split('\n').map(parseStat)).toEqual([
      { pid: 1, name: 'web 1) "x", y' },
      { pid: 50, name: 'child' },
      { pid: expect.any(Number), name: 'cat' },
      undefined,
    ]);
  });
});
