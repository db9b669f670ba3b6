import type { InternetEndpoint, Socket } from '../../../src/tools/socket.ts';

/** An endpoint from `10.0.0.1:80` or `[::1]:80`; port `*` for any. */
export function at(text: string): InternetEndpoint {
  const [, address = '', port] = /^\[?(.+?)\]?:(\d+|\*)$/.exec(text) ?? [];
  return { address, port: port === '*' ? 0 : Number(port), interface: undefined };
}

/** A plain established connection with these changes. */
export function socket(differences: Partial<Socket>): Socket {
  return {
    pod: undefined,
    protocol: 'tcp',
    type: undefined,
    state: 'ESTABLISHED',
    receiveQueue: 0,
    sendQueue: 0,
    local: at('10.244.1.5:80'),
    peer: at('10.244.2.7:41234'),
    dualStack: undefined,
    uid: undefined,
    inode: undefined,
    timer: undefined,
    processes: undefined,
    ...differences,
  };
}

export function listener(local: string, differences: Partial<Socket> = {}): Socket {
  const isIpv6 = local.startsWith('[');
  return socket({
    protocol: isIpv6 ? 'tcp6' : 'tcp',
    state: 'LISTEN',
    local: at(local),
    peer: at(isIpv6 ? '[::]:*' : '0.0.0.0:*'),
    ...differences,
  });
}

/** One socket of every kind, with every field used somewhere. */
export const VARIED: readonly Socket[] = [
  socket({}),
  listener('[::]:8080', {
    receiveQueue: 3,
    sendQueue: 128,
    uid: 101,
    inode: 4711,
    processes: [
      { pid: 7, name: 'nginx', fd: 6 },
      { pid: 8, name: 'nginx', fd: 6 },
      { pid: 8, name: 'nginx', fd: 9 },
    ],
  }),
  socket({
    state: 'SYN_SENT',
    sendQueue: 1,
    local: at('10.244.1.5:40007'),
    peer: at('10.9.0.2:443'),
    timer: { name: 'on', expiresInSeconds: 0.768, retransmits: 2 },
    uid: 0,
    inode: 4712,
    processes: [],
  }),
  socket({
    protocol: 'udp',
    state: 'UNCONN',
    local: { address: '0.0.0.0', port: 68, interface: 'eth0' },
    peer: at('0.0.0.0:*'),
  }),
  socket({
    protocol: 'unix',
    type: 'stream',
    state: 'LISTENING',
    receiveQueue: undefined,
    sendQueue: undefined,
    local: { path: '/run/\x1b[31mapp.sock', inode: 9 },
    peer: { path: '', inode: 0 },
    inode: 9,
    processes: [{ pid: 9, name: 'evil\nname', fd: 3 }],
  }),
  socket({
    protocol: 'unix',
    type: 'dgram',
    state: 'CONNECTED',
    local: { path: '', inode: 10 },
    peer: { path: '', inode: 11 },
  }),
];
