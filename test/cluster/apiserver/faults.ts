import { type Duplex, duplexPair, Transform } from 'node:stream';
import type { Store } from '../store.ts';
import { ApiError } from './status.ts';

/**
 * Annotations of a namespace that make the server misbehave there:
 *
 * - `netdebug.test/answer: "429 3"`: the next 3 requests get 429; without a number, all of them
 * - `netdebug.test/cut-after: "1000"`: a stream's connection breaks after 1000 bytes to the client
 * - `netdebug.test/stall-after: "1000"`: nothing more is sent after 1000 bytes, and nothing is closed
 * - `netdebug.test/no-status: "true"`: exec over v5 ends without its status frame
 * - `netdebug.test/expire-watches: ANYTHING`: a new value ends every watch with 410 Expired
 */
const PREFIX = 'netdebug.test/';

export const EXPIRE_WATCHES = `${PREFIX}expire-watches`;

/** Throws the answer that the namespace's annotation asks for, and counts it. */
export function answerWithFault(store: Store, namespace: string): void {
  const name = `${PREFIX}answer`;
  const asked = annotation(store, namespace, name);
  if (asked === undefined) return;
  const [code = '500', times] = asked.split(' ');
  if (times !== undefined) {
    store.update('namespaces', undefined, namespace, ({ metadata }) => {
      const { [name]: _done, ...others } = metadata.annotations ?? {};
      const left = Number(times) - 1;
      metadata.annotations = left > 0 ? { ...others, [name]: `${code} ${left}` } : others;
      return undefined;
    });
  }
  throw code === '429'
    ? new ApiError(429, 'TooManyRequests', 'Too many requests, please try again later.', {
        retryAfterSeconds: 1,
      })
    : new ApiError(
        Number(code),
        'InternalError',
        'an error on the server has prevented the request',
      );
}

/** Whether exec leaves out how the command ended. */
export function leavesOutStatus(store: Store, namespace: string): boolean {
  return annotation(store, namespace, `${PREFIX}no-status`) === 'true';
}

/** The client's connection, or one that breaks or stalls when the namespace's annotations say so. */
export function withFaults(socket: Duplex, store: Store, namespace: string): Duplex {
  const cut = annotation(store, namespace, `${PREFIX}cut-after`);
  const stall = annotation(store, namespace, `${PREFIX}stall-after`);
  const limit = cut ?? stall;
  if (limit === undefined) return socket;
  const [inner, outer] = duplexPair();
  socket.pipe(outer);
  outer.pipe(limited(Number(limit), () => cut !== undefined && socket.destroy())).pipe(socket);
  socket.on('error', () => socket.destroy());
  socket.on('close', () => inner.destroy());
  inner.on('error', () => socket.destroy());
  return inner;
}

/** Passes that many bytes, then calls `onLimit` and never passes anything again. */
function limited(bytes: number, onLimit: () => void): Transform {
  let left = bytes;
  return new Transform({
    transform(chunk: Buffer, _encoding, callback) {
      this.push(chunk.subarray(0, left));
      left -= chunk.length;
      if (left >= 0) callback();
      else setImmediate(onLimit);
    },
  });
}

function annotation(store: Store, namespace: string, name: string): string | undefined {
  return store.get('namespaces', undefined, namespace)?.metadata.annotations?.[name];
}
