import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { type Duplex, pipeline } from 'node:stream';
import { text } from 'node:stream/consumers';
import { V4, V5 } from '../cluster/apiserver/channels.ts';
import type { Connection } from '../cluster/apiserver/connections.ts';
import { UpgradeRefusal } from '../cluster/apiserver/upgradeRefusal.ts';
import { execFrames } from './execFrames.ts';
import { faultySocket } from './faultyStream.ts';
import type { StreamFault } from './streamFault.ts';
import type { Upstream } from './upstream.ts';

/** From RFC 6455, section 1.3. */
const WEBSOCKET_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const HEAD_END = '\r\n\r\n';

export interface Upgrade {
  readonly incoming: IncomingMessage;
  /** The client's connection, and what arrived on it after the request. */
  readonly client: Duplex;
  readonly connection: Connection;
  readonly head: Buffer;
  readonly upstream: Upstream;
  /** Request headers for the server, as in `rawHeaders`. */
  readonly headers: readonly string[];
  readonly fault: StreamFault;
}

/**
 * Replays an upgrade request to the API server and joins both connections. Throws an UpgradeRefusal if the server
 * refuses. Faults apply to streams, so a refusal is forwarded unchanged.
 */
export async function forwardUpgrade(upgrade: Upgrade): Promise<void> {
  const { incoming, fault } = upgrade;
  const protocol = agreedProtocol(upgrade.headers);
  if (fault.startsAfterMs > 0 && protocol !== undefined) {
    const client = faultySocket(upgrade.client, upgrade.connection, fault);
    // The client sees an open websocket long before the server receives the command.
    client.write(acceptance(incoming, protocol));
    const timer = setTimeout(() => {
      request(upgrade).then(
        ({ server, head }) => join(client, server, head, upgrade),
        () => client.destroy(),
      );
    }, fault.startsAfterMs);
    client.once('close', () => clearTimeout(timer));
    return;
  }
  const { answer, server, head } = await request(upgrade);
  const client = faultySocket(upgrade.client, upgrade.connection, fault);
  client.write(headOf(answer));
  join(client, server, head, upgrade);
}

interface Answer {
  readonly answer: IncomingMessage;
  readonly server: Duplex;
  /** What arrived from the server after its answer. */
  readonly head: Buffer;
}

async function request({ incoming, client, upstream, headers }: Upgrade): Promise<Answer> {
  const outgoing = upstream.upgrade(incoming.method ?? 'GET', incoming.url ?? '/', headers);
  const abandon = () => outgoing.destroy();
  client.once('close', abandon);
  try {
    return await new Promise<Answer>((resolve, reject) => {
      outgoing.once('upgrade', (answer, server, head) => resolve({ answer, server, head }));
      outgoing.once('response', (answer) => refusalOf(answer).then(reject, reject));
      outgoing.once('error', reject);
      outgoing.end();
    });
  } catch (error) {
    // A broken connection is also broken for the client.
    if (!(error instanceof UpgradeRefusal)) client.destroy();
    throw error;
  } finally {
    client.off('close', abandon);
  }
}

async function refusalOf(answer: IncomingMessage): Promise<UpgradeRefusal> {
  const { statusCode = 502, headersDistinct } = answer;
  const headers: Record<string, string[]> = {};
  for (const [name, values] of Object.entries(headersDistinct))
    if (values && !/^(connection|content-length|transfer-encoding|date)$/.test(name))
      headers[name] = values;
  return new UpgradeRefusal({
    code: statusCode,
    headers,
    body: await text(answer),
    closes: answer.headers.connection === 'close',
  });
}

function headOf({ statusCode, statusMessage, rawHeaders }: IncomingMessage): string {
  let head = `HTTP/1.1 ${statusCode} ${statusMessage}\r\n`;
  for (let index = 0; index < rawHeaders.length; index += 2)
    head += `${rawHeaders[index]}: ${rawHeaders[index + 1]}\r\n`;
  return `${head}\r\n`;
}

function join(
  client: Duplex,
  server: Duplex,
  head: Buffer,
  { head: sentHead, headers, fault }: Upgrade,
) {
  // If one side is closed abruptly, the other is too: the fate of the remote process depends on it.
  client.on('error', () => server.destroy());
  server.on('error', () => client.destroy());
  client.on('close', () => server.destroy());
  server.on('close', () => client.end());
  if (client.destroyed) server.destroy();
  if (sentHead.length > 0) server.write(sentHead);
  if (head.length > 0) server.unshift(head);
  const isDamaged =
    agreedProtocol(headers) !== undefined &&
    (fault.status !== 'sent' || fault.stdoutClosesAfter !== Number.POSITIVE_INFINITY);
  if (isDamaged) pipeline(server, execFrames(fault), client, () => undefined);
  else server.pipe(client);
  client.pipe(server);
}

/** The protocol that a current server selects. Undefined unless it is an exec over a websocket. */
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
