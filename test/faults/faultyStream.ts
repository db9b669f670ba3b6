import type { ServerResponse } from 'node:http';
import { type Duplex, duplexPair, Transform, type Writable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import type { Connection } from '../cluster/apiserver/connections.ts';
import type { StreamFault } from './streamFault.ts';

/** A throttled stream moves this often. Data smaller than a piece is not delayed any longer. */
const PIECES_PER_SECOND = 20;

/** The client's connection, or one that ends, stalls or is slow, according to the fault. */
export function faultySocket(socket: Duplex, connection: Connection, fault: StreamFault): Duplex {
  if (hasNoStreamFault(fault)) return socket;
  const [inner, outer] = duplexPair();
  let isBlackHole = false;
  const toServer = new Transform({
    transform: (chunk: Buffer, _encoding, callback) =>
      callback(null, isBlackHole ? undefined : chunk),
  });
  // Behind a black hole, the connection has not ended.
  socket.pipe(toServer, { end: false }).pipe(outer);
  socket.on('end', () => isBlackHole || toServer.end());
  const toClient = limitedStream(fault, () => {
    isBlackHole = fault.end === 'blackhole';
    endConnection(fault, connection);
  });
  outer.pipe(toClient).pipe(socket);
  socket.on('error', () => socket.destroy());
  socket.on('close', () => isBlackHole || inner.destroy());
  inner.on('error', () => socket.destroy());
  connection.onServerEnd(() => inner.destroy());
  return inner;
}

/** The destination for the endless body of a response. */
export function faultyBody(
  response: ServerResponse,
  connection: Connection,
  fault: StreamFault,
): Writable {
  if (hasNoStreamFault(fault)) return response;
  const body = limitedStream(fault, () => endConnection(fault, connection));
  body.pipe(response);
  return body;
}

function hasNoStreamFault({ endsAfter, bytesPerSecond }: StreamFault): boolean {
  return endsAfter === Number.POSITIVE_INFINITY && bytesPerSecond === Number.POSITIVE_INFINITY;
}

function endConnection({ end }: StreamFault, connection: Connection): void {
  if (end === 'fin') connection.end();
  if (end === 'rst') connection.reset();
}

/** Forwards this many bytes at this rate, then calls `onEnd` and forwards nothing more. */
function limitedStream({ endsAfter, bytesPerSecond }: StreamFault, onEnd: () => void): Transform {
  let bytesLeft = endsAfter;
  const piece = Math.max(1, Math.round(bytesPerSecond / PIECES_PER_SECOND));
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, callback) {
      const forwarded = bytesLeft < chunk.length ? chunk.subarray(0, bytesLeft) : chunk;
      bytesLeft -= chunk.length;
      const push = (part: Buffer) => this.push(part);
      (bytesPerSecond === Number.POSITIVE_INFINITY
        ? Promise.resolve(push(forwarded))
        : pushSlowly(forwarded, piece, push)
      ).then(
        // Forwarded data is sent before the end.
        () => (bytesLeft >= 0 ? callback() : setTimeout(onEnd, 20)),
        callback,
      );
    },
  });
  return stream;
}

async function pushSlowly(
  chunk: Buffer,
  piece: number,
  push: (part: Buffer) => void,
): Promise<void> {
  for (let start = 0; start < chunk.length; start += piece) {
    const part = chunk.subarray(start, start + piece);
    push(part);
    await wait((1000 / PIECES_PER_SECOND) * (part.length / piece));
  }
}
