import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { BEARER_PROTOCOL } from './authenticate.ts';
import { V5 } from './channels.ts';

const NOT_FOR_THE_RUNTIME = /^(authorization|host|impersonate-.*)$/i;
const PROTOCOL_LISTS = new Set(['sec-websocket-protocol', 'x-stream-protocol-version']);

/**
 * Replays an upgrade request to the runtime's streaming server at `url`, and joins both connections. From then on,
 * bytes are forwarded unchanged, whatever the protocol.
 */
export function splice(request: IncomingMessage, client: Duplex, head: Buffer, url: string): void {
  const { hostname, port, host, pathname, search } = new URL(url);
  const server = connect(Number(port), hostname, () => {
    server.write(
      `${request.method} ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\n${replayedHeaders(request.rawHeaders)}\r\n`,
    );
    if (head.length > 0) server.write(head);
    server.setNoDelay();
    client.pipe(server);
    server.pipe(client);
  });
  // If one side is closed abruptly, the other must be too: the fate of the process depends on it.
  client.on('error', () => server.destroy());
  server.on('error', () => client.destroy());
  client.on('close', () => server.destroy());
  server.on('close', () => client.end());
}

function replayedHeaders(raw: readonly string[]): string {
  let text = '';
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] ?? '';
    const value = raw[index + 1] ?? '';
    if (NOT_FOR_THE_RUNTIME.test(name)) continue;
    const kept = PROTOCOL_LISTS.has(name.toLowerCase()) ? knownProtocols(value) : value;
    if (kept) text += `${name}: ${kept}\r\n`;
  }
  return text;
}

// Runtimes reject a list that starts with v5.
function knownProtocols(list: string): string {
  return list
    .split(',')
    .map((protocol) => protocol.trim())
    .filter((protocol) => protocol !== V5 && !protocol.startsWith(BEARER_PROTOCOL))
    .join(', ');
}
