import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream';
import { V4, V5 } from '../cluster/apiserver/channels.ts';
import { execFrames } from './execFrames.ts';
import type { StreamFault } from './streamFault.ts';
import type { Upstream } from './upstream.ts';

/** From RFC 6455, section 1.3. */
const WEBSOCKET_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const HEAD_END = '\r\n\r\n';

export interface Upgrade {
  readonly incoming: IncomingMessage;
  /** The client's connection, and what arrived on it after the request. */
  readonly client: Duplex;
  readonly head: Buffer;
  readonly upstream: Upstream;
  /** Request headers as the server is to see them, as in `rawHeaders`. */
  readonly headers: readonly string[];
  readonly fault: StreamFault;
}

/** Replays an upgrade request to the API server and joins both connections. */
export function forwardUpgrade(upgrade: Upgrade): void {
  const { incoming, fault } = upgrade;
  const protocol = agreedProtocol(upgrade.headers);
  if (fault.startsAfterMs > 0 && protocol !== undefined) {
    // The client sees an open websocket long before the server hears of the command.
    upgrade.client.write(acceptance(incoming, protocol));
    const timer = setTimeout(() => join(upgrade, true), fault.startsAfterMs);
    upgrade.client.once('close', () => clearTimeout(timer));
  } else join(upgrade, false);
}

function join({ incoming, client, head, upstream, headers, fault }: Upgrade, accepted: boolean) {
  if (client.destroyed) return;
  const server = upstream.connect();
  server.setNoDelay();
  let text = `${incoming.method} ${incoming.url} HTTP/1.1\r\n`;
  for (let index = 0; index < headers.length; index += 2)
    text += `${headers[index]}: ${headers[index + 1]}\r\n`;
  server.write(`${text}\r\n`);
  if (head.length > 0) server.write(head);
  // An abrupt end on one side is one on the other: the fate of the remote process depends on it.
  client.on('error', () => server.destroy());
  server.on('error', () => client.destroy());
  client.on('close', () => server.destroy());
  server.on('close', () => client.end());

  let answer = Buffer.alloc(0);
  const readAnswer = (chunk: Buffer) => {
    answer = Buffer.concat([answer, chunk]);
    const end = answer.indexOf(HEAD_END);
    if (end < 0) return;
    server.pause();
    server.off('data', readAnswer);
    const answerHead = answer.subarray(0, end).toString('latin1');
    const rest = answer.subarray(end + HEAD_END.length);
    const isOpen = /^HTTP\/1\.1 101 /.test(answerHead);
    if (accepted && !isOpen) {
      client.destroy();
      return;
    }
    if (!accepted) client.write(answer.subarray(0, end + HEAD_END.length));
    const damaged =
      isOpen &&
      /^sec-websocket-protocol:/im.test(answerHead) &&
      (fault.status !== 'sent' || fault.stdoutClosesAfter !== Number.POSITIVE_INFINITY);
    if (rest.length > 0) server.unshift(rest);
    if (damaged) pipeline(server, execFrames(fault), client, () => undefined);
    else server.pipe(client);
  };
  server.on('data', readAnswer);
  client.pipe(server);
}

/** The protocol that a current server agrees to; undefined unless it is an exec over a websocket. */
function agreedProtocol(headers: readonly string[]): string | undefined {
  const at = headers.findIndex(
    (name, index) => index % 2 === 0 && /^sec-websocket-protocol$/i.test(name),
  );
  const offered = at < 0 ? [] : (headers[at + 1] ?? '').split(/, */);
  return [V5, V4].find((protocol) => offered.includes(protocol));
}

function acceptance(incoming: IncomingMessage, protocol: string): string {
  const key = `${incoming.headers['sec-websocket-key'] ?? ''}${WEBSOCKET_GUID}`;
  const accept = createHash('sha1').update(key).digest('base64');
  return [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${accept}`,
    `Sec-WebSocket-Protocol: ${protocol}${HEAD_END}`,
  ].join('\r\n');
}
