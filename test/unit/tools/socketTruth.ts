import type { Socket, SocketEndpoint } from '../../../src/tools/socket.ts';

/**
 * The output of busybox netstat, as a reference independent of netdebug's parsers: one sorted text per socket,
 * `receiveQueue sendQueue local peer state`.
 */
export function internetTruth(netstat: string): string[] {
  return netstat
    .split('\n')
    .filter((line) => /^(tcp|udp)/.test(line))
    .map((line) => line.trim().split(/ +/))
    .map(([proto, ...fields]) => [proto, ...fields].join(' '))
    .toSorted();
}

/** The same for netdebug's sockets. netstat shows no interfaces and no backlogs, and has no name for UNCONN. */
export function asNetstat(socket: Socket): string {
  return [
    socket.protocol.replace('6', ''),
    socket.receiveQueue,
    socket.state === 'LISTEN' ? 0 : socket.sendQueue,
    endpoint(socket.local),
    endpoint(socket.peer),
    ...(socket.state === 'UNCONN' ? [] : [socket.state]),
  ].join(' ');
}

/** Unix sockets with an inode: type, state, inode and path, in which busybox prints ESC as ^[. */
export function unixTruth(netstat: string): string[] {
  return netstat
    .split('\n')
    .flatMap((line) => {
      const match = /^unix +\d+ +\[.*?\] +([A-Z]+) +([A-Z]*) +(\d+) ?(.*)$/.exec(line);
      return match === null || match[3] === '0'
        ? []
        : [match.slice(1).join(' ').replaceAll('^[', '\x1b')];
    })
    .toSorted();
}

export function asUnixNetstat(socket: Socket): string {
  const path = 'path' in socket.local ? socket.local.path : '';
  const state = socket.state === 'UNCONN' ? '' : socket.state;
  return [socket.type?.toUpperCase(), state, socket.inode, path].join(' ');
}

function endpoint(endpoint: SocketEndpoint): string {
  return 'path' in endpoint
    ? endpoint.path
    : `${endpoint.address}:${endpoint.port === 0 ? '*' : endpoint.port}`;
}
