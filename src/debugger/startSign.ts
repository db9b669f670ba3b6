import { pipeline, type Readable, Transform } from 'node:stream';

/** The first line that lease.sh and tether.sh print to standard error. */
const SIGN = Buffer.from('netdebug: started\n');

export interface Signed {
  /** Standard error without the sign. It must be read or destroyed, like the stream it comes from. */
  readonly stderr: Readable;
  /** Resolves when the process in the pod has started; never resolves if none starts. */
  readonly started: Promise<void>;
}

/**
 * Removes the start sign of a process from its standard error. On a busy node, the connection is established long
 * before the runtime starts the command.
 */
export function withoutStartSign(stderr: Readable): Signed {
  const { promise, resolve } = Promise.withResolvers<void>();
  let held: Buffer | undefined = Buffer.alloc(0);
  const rest = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      resolve();
      if (!held) return done(null, chunk);
      held = Buffer.concat([held, chunk]);
      const compared = Math.min(held.length, SIGN.length);
      const isSign = held.subarray(0, compared).equals(SIGN.subarray(0, compared));
      if (isSign && compared < SIGN.length) return done();
      const after = isSign ? held.subarray(SIGN.length) : held;
      held = undefined;
      done(null, after.length > 0 ? after : undefined);
    },
    flush(done) {
      done(null, held && held.length > 0 ? held : undefined);
    },
  });
  // A reader that stopped must not block the connection: each stream ends with the other.
  pipeline(stderr, rest, () => {});
  return { stderr: rest, started: promise };
}
