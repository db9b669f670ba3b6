import { pipeline, type Readable, Transform } from 'node:stream';

/** What lease.sh and tether.sh print to standard error before all else. */
const SIGN = Buffer.from('netdebug: started\n');

export interface Signed {
  /** Standard error without the sign. It must be read or destroyed, as the stream it comes from. */
  readonly stderr: Readable;
  /** Resolves when something runs in the pod; not at all when nothing ever does. */
  readonly started: Promise<void>;
}

/**
 * Takes the sign that a process has started off its standard error. On a busy node the connection
 * stands long before the runtime has started the command.
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
  // A reader that stopped must not keep the connection waiting: each ends with the other.
  pipeline(stderr, rest, () => {});
  return { stderr: rest, started: promise };
}
