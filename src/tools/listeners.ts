import { procNetLineParser } from './procNet.ts';
import { isListening } from './socket.ts';

/** A socket that waits for connections (TCP) or datagrams (UDP). */
export interface Listener {
  readonly protocol: 'tcp' | 'udp';
  /**
   * `0.0.0.0` and `::` for any. `::` also accepts IPv4 unless the socket is restricted to IPv6, which the kernel's
   * tables do not show.
   */
  readonly address: string;
  readonly port: number;
  /** TCP: connections that wait to be accepted. UDP: unread bytes. */
  readonly receiveQueue: number;
  /** UDP: datagrams dropped because the queue was full. */
  readonly drops?: number;
}

/**
 * Parses the listening sockets in /proc/net/{tcp,tcp6} or {udp,udp6}. Tables may be concatenated with their headers.
 */
export function parseListeners(text: string): Listener[] {
  const parse = procNetLineParser();
  const listeners: Listener[] = [];
  for (const line of text.split('\n')) {
    const socket = line.trim() === '' ? null : parse(line);
    if (!socket || !isListening(socket) || !('port' in socket.local)) continue;
    const protocol = socket.protocol.startsWith('tcp') ? 'tcp' : 'udp';
    const drops = /(\d+)\s*$/.exec(line)?.[1];
    listeners.push({
      protocol,
      address: socket.local.address,
      port: socket.local.port,
      receiveQueue: socket.receiveQueue ?? 0,
      ...(protocol === 'udp' && drops !== undefined && { drops: Number(drops) }),
    });
  }
  return listeners;
}
