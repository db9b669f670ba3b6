import { Transform } from 'node:stream';

/** Writes a size before each chunk, and a size of 0 at the end; read by start.sh. */
export function inFrames(): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      this.push(`${chunk.length}\n`);
      done(null, chunk);
    },
    flush(done) {
      done(null, '0\n');
    },
  });
}
