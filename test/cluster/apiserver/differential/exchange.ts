import { once } from 'node:events';
import type { WebSocket } from 'ws';
import { type JsonObject, objectAt, objectsAt } from '../json.ts';
import type { Answer } from '../testServer.ts';
import type { Scene } from './scene.ts';

/** An answer in the form of the recordings. */
export function asRecorded({ status, headers, body }: Answer): JsonObject {
  return { status, headers, body };
}

/** The same for a watch: its lines, without their times. */
export function watchAsRecorded({ status, headers, text }: Answer): JsonObject {
  return { status, headers, events: eventsOf(text) };
}

/** A recorded watch in the same form. */
export function recordedWatch({ status, headers, chunks }: JsonObject): JsonObject {
  const lines = [chunks].flat(2).filter((line) => typeof line === 'string');
  return { status, headers, events: eventsOf(lines.join('')) };
}

function eventsOf(text: string): unknown[] {
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

/** A recorded exec without what changes each time: the times of frames, and how output was split into them. */
export function recordedExec({ refused, frames, selected, close }: JsonObject): JsonObject {
  if (refused) return { refused };
  const merged = mergedFrames(
    objectsAt(frames)
      .filter(({ dir }) => dir === 'server')
      .map(({ channel, payload }) => [Number(channel), String(payload)]),
  );
  return { selected, frames: merged, code: objectAt(close).code };
}

/** Repeats what the recorded client did with the scene's names, and returns the result. */
export async function replayExec(
  scene: Scene,
  { path, offered, frames }: JsonObject,
  user?: string,
): Promise<JsonObject> {
  const protocols = [offered].flat().map(String);
  const socket = await scene.server.websocket(String(path), protocols, user);
  const received: [number, string][] = [];
  socket.on('error', () => undefined);
  socket.on('message', (data: Buffer) => {
    received.push([data[0] ?? -1, data.toString('utf8', 1)]);
  });
  socket.on('open', () => {
    for (const { bytes } of objectsAt(frames).filter(({ dir }) => dir === 'client')) {
      socket.send(Buffer.from([bytes].flat().map(Number)));
    }
  });
  const refused = await Promise.race([refusalOf(socket), once(socket, 'close')]);
  if (!Array.isArray(refused)) return { refused };
  return { selected: socket.protocol, frames: mergedFrames(received), code: refused[0] };
}

/** The complete output of each channel, and the first frame. */
function mergedFrames(frames: readonly (readonly [number, string])[]): unknown {
  const texts = new Map<number, string>();
  for (const [channel, text] of frames) texts.set(channel, (texts.get(channel) ?? '') + text);
  // The order of two outputs of one command is random.
  const byChannel = [...texts].sort(([a], [b]) => a - b);
  return { first: frames[0], byChannel };
}

async function refusalOf(socket: WebSocket): Promise<JsonObject> {
  const [, response] = await once(socket, 'unexpected-response');
  let text = '';
  for await (const chunk of response) text += chunk;
  // The server keeps the connection open, and would reset it when it ends.
  socket.terminate();
  const { statusCode: status, headers } = response;
  const isJson = String(headers['content-type']).includes('json');
  return { status, headers, body: isJson ? JSON.parse(text) : text };
}
