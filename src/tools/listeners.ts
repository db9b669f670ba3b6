import { procNetLineParser } from './procNet.ts';
import { isListening } from './socket.ts';

/** A socket that waits for connections (TCP) or datagrams (UDP). */
export interface Listener {
  readonly protocol: 'tcp' | 'udp';
  /** `0.0.0.0` and `::` for any; `::` takes IPv4 as well, unless the socket is for IPv6 alone, which is not told. */
  readonly address: string;
  readonly port: number;
  /** TCP: connections that wait to be accepted. UDP: bytes not yet read. */
  readonly receiveQueue: number;
  /** UDP: datagrams that were dropped because the queue was full. */
  readonly drops?: number;
}

/** Reads the listening ones of /proc/net/{tcp,tcp6} or {udp,udp6}, tables behind each other with their headers. */
export function parseListeners(text: string): Listener[] {
  const parse = procNetLineParser();
  const found: Listener[] = [];
  for (const line of text.split('\n')) {
    const socket = line.trim() === '' ? null : parse(line);
    if (!socket || !isListening(socket) || !('port' in socket.local)) continue;
    const protocol = socket.protocol.startsWith('tcp') ? 'tcp' : 'udp';
    const drops = /(\d+)\s*$/.exec(line)?.[1];
    found.push({
      protocol,
      address: socket.local.address,
      port: socket.local.port,
      receiveQueue: socket.receiveQueue ?? 0,
      ...(protocol === 'udp' && drops !== undefined && { drops: Number(drops) }),
    });
  }
  return found;
}
