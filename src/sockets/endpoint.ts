import type { Socket, SocketEndpoint } from '../tools/socket.ts';

/** The local endpoint of a socket; `*:80` if it accepts IPv6 and IPv4, as in ss. */
export function localText({ local, dualStack }: Socket): string {
  const text = endpointText(local);
  return dualStack ? text.replace(/^\[::(.*)\]/, '*$1') : text;
}

/**
 * `10.0.0.1:80`, `[fe80::1%eth0]:546`, `0.0.0.0:*` for any port. Unix sockets are shown by path and inode:
 * `/run/app.sock:1234`, or `*:1235` without a name, because only the inode distinguishes those.
 */
export function endpointText(endpoint: SocketEndpoint): string {
  if ('path' in endpoint) {
    const path = endpoint.path === '' ? '*' : endpoint.path;
    return endpoint.inode === 0 ? path : `${path}:${endpoint.inode}`;
  }
  const { address, interface: zone } = endpoint;
  const port = endpoint.port === 0 ? '*' : endpoint.port;
  const host = zone === undefined ? address : `${address}%${zone}`;
  return address.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
