import { describe, expect, it } from 'vitest';
import { ssCommand, ssLineParser } from '../../../src/tools/ss.ts';
import { EVERYTHING, selecting } from '../sockets/selections.ts';
import { recording, socketsIn } from './recordings.ts';
import { asNetstat, asUnixNetstat, internetTruth, unixTruth } from './socketTruth.ts';

const parse = ssLineParser(EVERYTHING);

describe('ssCommand', () => {
  it('requests little by default: details cost time in the pod', () => {
    const plain = selecting({ udp: false, unix: false, processes: false, details: false });
    expect(ssCommand(plain)).toEqual(['ss', '--no-header', '--numeric', '--all', '--tcp']);
  });

  it('can request everything', () => {
    expect(ssCommand(selecting({ states: 'listening' }))).toEqual([
      'ss',
      '--no-header',
      '--numeric',
      '--listening',
      '--tcp',
      '--udp',
      '--unix',
      '--extended',
      '--options',
      '--processes',
    ]);
  });

  it('selects only IPv6 with a flag: IPv6 sockets may accept IPv4, and of two families ss would use the last', () => {
    expect(ssCommand(selecting({ unix: false, ipv6: false })).join(' ')).not.toContain('ipv');
    expect(ssCommand(selecting({ unix: false, ipv4: false }))).toContain('--ipv6');
    expect(ssCommand(selecting({ ipv4: false })).join(' ')).not.toContain('ipv');
  });
});

describe('ssLineParser', () => {
  it('finds the same sockets in a recording as netstat at the same moment', () => {
    const sockets = socketsIn(recording('ss-6.1-all.txt'), parse);
    const internet = sockets.filter((socket) => socket.protocol !== 'unix');
    expect(internet.map(asNetstat).toSorted()).toEqual(internetTruth(recording('netstat.txt')));
    const unix = sockets.filter((socket) => socket.protocol === 'unix');
    expect(unix.map(asUnixNetstat).toSorted()).toEqual(unixTruth(recording('netstat-unix.txt')));
  });

  it('reads output without the Netid column, which ss omits for a single kind', () => {
    const tcpOnly = selecting({ udp: false, unix: false });
    const sockets = socketsIn(recording('ss-6.1-tcp.txt'), ssLineParser(tcpOnly));
    const truth = internetTruth(recording('netstat.txt')).filter((line) => line.startsWith('tcp'));
    expect(sockets.map(asNetstat).toSorted()).toEqual(truth);
    const udpOnly = ssLineParser(selecting({ tcp: false, unix: false }));
    expect(udpOnly('UNCONN 0      0                  0.0.0.0:53      0.0.0.0:*')).toMatchObject({
      protocol: 'udp',
      state: 'UNCONN',
    });
  });

  it.each([
    ['*:7001', true],
    ['[::]:7002', false],
    ['[::1]:7003', undefined],
    ['0.0.0.0:7004', undefined],
  ])('reads from %s whether the socket also accepts IPv4: %s', (local, dualStack) => {
    const line = `tcp LISTEN 0 5 ${local} ${local.includes('.') ? '0.0.0.0' : local.startsWith('*') ? '*' : '[::]'}:*`;
    expect(parse(line)).toMatchObject({ state: 'LISTEN', dualStack });
  });

  it('reads the interface, the accept queue and its length, and the processes', () => {
    expect(
      parse(
        'tcp   LISTEN     3      4         [fe80::1]%eth0:8090          [::]:*     users:(("child",pid=50,fd=9),("web 1",pid=1,fd=9)) uid:101 ino:11534 sk:18 cgroup:/ v6only:1 <->',
      ),
    ).toEqual({
      pod: undefined,
      protocol: 'tcp6',
      type: undefined,
      state: 'LISTEN',
      receiveQueue: 3,
      sendQueue: 4,
      local: { address: 'fe80::1', port: 8090, interface: 'eth0' },
      peer: { address: '::', port: 0, interface: undefined },
      uid: 101,
      inode: 11534,
      timer: undefined,
      processes: [
        { pid: 50, name: 'child', fd: 9 },
        { pid: 1, name: 'web 1', fd: 9 },
      ],
    });
  });

  it('reads a missing owner as root, but only if owners were requested', () => {
    expect(parse('tcp ESTAB 0 0 10.0.0.1:80 10.0.0.2:4000 ino:7 sk:1 <->')?.uid).toBe(0);
    expect(parse('tcp ESTAB 0 0 10.0.0.1:80 10.0.0.2:4000')?.uid).toBeUndefined();
  });

  it.each([
    ['*:80', { address: '::', port: 80, interface: undefined }],
    ['*%eth0:68', { address: '::', port: 68, interface: 'eth0' }],
    ['[::ffff:10.0.0.1]:80', { address: '::ffff:10.0.0.1', port: 80, interface: undefined }],
    ['0.0.0.0%eth0:68', { address: '0.0.0.0', port: 68, interface: 'eth0' }],
    ['0.0.0.0:*', { address: '0.0.0.0', port: 0, interface: undefined }],
  ])('reads the endpoint %s', (text, endpoint) => {
    expect(parse(`udp UNCONN 0 0 ${text} *:*`)?.local).toEqual(endpoint);
  });

  it.each([
    ['keepalive,119min,0', 'keepalive', 7140, 0],
    ['keepalive,1min59sec,0', 'keepalive', 119, 0],
    ['timewait,57sec,0', 'timewait', 57, 0],
    ['persist,1.368ms,3', 'persist', 1.368, 3],
    ['on,204ms,2', 'on', 0.204, 2],
  ])('reads the timer (%s)', (timer, name, expiresInSeconds, retransmits) => {
    const socket = parse(`tcp ESTAB 0 0 10.0.0.1:80 10.0.0.2:4000 timer:(${timer}) ino:0 sk:1`);
    expect(socket?.timer).toEqual({ name, expiresInSeconds, retransmits });
    expect(socket?.inode).toBeUndefined();
  });

  it.each([['a) "b", c'], ['x",pid=1,fd=2)'], ['x ino:99 uid:9'], ['timer:(on,1ms,0)'], ['日本']])(
    'is not confused by a process named %s',
    (name) => {
      const socket = parse(
        `tcp ESTAB 0 0 10.0.0.1:80 10.0.0.2:4000 users:(("${name}",pid=7,fd=6),("sh",pid=8,fd=6)) uid:5 ino:11 sk:1 <->`,
      );
      expect(socket).toMatchObject({
        uid: 5,
        inode: 11,
        timer: undefined,
        processes: [
          { pid: 7, name, fd: 6 },
          { pid: 8, name: 'sh', fd: 6 },
        ],
      });
    },
  );

  it.each([
    ['* 11572 * 11573', '', 11572, 11573],
    ['/run/with a 12 space.sock 11574 * 0', '/run/with a 12 space.sock', 11574, 0],
    ['@abs@with@nul 11577 * 0', '@abs@with@nul', 11577, 0],
    [
      '/run/app.sock 5 * 6 users:(("web 1 * 2",pid=1,fd=3)) <-> ino:99 dev:0/5',
      '/run/app.sock',
      5,
      6,
    ],
  ])('reads the unix socket %s', (text, path, inode, peerInode) => {
    const socket = parse(`u_str ESTAB 0 0        ${text}  `);
    expect(socket).toMatchObject({
      protocol: 'unix',
      type: 'stream',
      state: 'CONNECTED',
      inode,
      local: { path, inode },
      peer: { path: '', inode: peerInode },
    });
  });

  it('uses processes from another source if given', () => {
    const nginx = [{ pid: 7, name: 'nginx', fd: 6 }];
    const parseWithOwners = ssLineParser(EVERYTHING, new Map([[11, nginx]]));
    const connection = 'tcp ESTAB 0 0 10.0.0.1:80 10.0.0.2:4000';
    expect(parseWithOwners(`${connection} ino:11 sk:1 <->`)?.processes).toEqual(nginx);
    expect(parseWithOwners('u_str ESTAB 0 0 * 11 * 12 <->')?.processes).toEqual(nginx);
    expect(parseWithOwners(`${connection} ino:12 sk:1 <->`)?.processes).toBeUndefined();
  });

  it('reports lines that it cannot parse', () => {
    expect(parse('Cannot open netlink socket: Protocol not supported')).toBeUndefined();
    expect(parse('tcp ESTAB 0 0 nonsense 10.0.0.1:80')).toBeUndefined();
    expect(parse('   ')).toBeNull();
  });
});
