import { once } from 'node:events';
import { type RawData, WebSocket } from 'ws';
import { CHANNEL, V4 } from './channels.ts';
import { translateStatus } from './execStatus.ts';

/** Opens the runtime's v4 stream at `url`. Nothing is read from it yet. Throws if it is refused. */
export async function openRuntimeStream(url: string): Promise<WebSocket> {
  const runtime = new WebSocket(url.replace(/^http/, 'ws'), [V4], {
    perMessageDeflate: false,
    skipUTF8Validation: true,
    maxPayload: 0,
  });
  // Paused immediately: a prompt may arrive in the same packet as the response, before any `await` continues.
  runtime.once('open', () => runtime.pause());
  await once(runtime, 'open');
  return runtime;
}

/**
 * Serves one exec with a terminal over an open v5 websocket, using the runtime's v4 stream. When the client
 * disconnects, the runtime's stream is closed cleanly, which does not affect the process.
 */
export function relayTerminal(client: WebSocket, runtime: WebSocket): void {
  pump(client, runtime, (data) => (data[0] === CHANNEL.close ? undefined : data));
  pump(runtime, client, (data) =>
    data[0] === CHANNEL.status
      ? Buffer.concat([data.subarray(0, 1), Buffer.from(translateStatus(data.toString('utf8', 1)))])
      : data,
  );
  client.on('close', () => {
    // A paused websocket would not see the response to the close.
    runtime.resume();
    runtime.close(1000);
  });
  runtime.on('close', () => client.close(1000));
  client.on('error', () => client.terminate());
  runtime.on('error', () => client.terminate());
  runtime.resume();
}

/** Forwards messages one at a time, so that a slow reader slows down the writer. */
function pump(
  from: WebSocket,
  to: WebSocket,
  translate: (data: Buffer) => Buffer | undefined,
): void {
  from.on('message', (data: RawData) => {
    if (!Buffer.isBuffer(data) || to.readyState !== WebSocket.OPEN) return;
    const translated = translate(data);
    if (!translated) return;
    from.pause();
    to.send(translated, { binary: true }, () => from.resume());
  });
}
