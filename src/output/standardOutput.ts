import { write } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { errorCode, messageOf, Problem } from '../problem.ts';
import { type Output, OutputClosed, WriteFailure } from './output.ts';

const STDOUT = 1;
const writeAsync = promisify(write);
const RETRY_MS = 10;

/**
 * Standard output, written by a separate thread: process.stdout writes to pipes synchronously, so that a slow reader
 * would block everything else, including the heartbeat of the lease.
 */
export class StandardOutput implements Output {
  async write(chunk: Buffer): Promise<void> {
    let written = 0;
    while (written < chunk.length) {
      try {
        const { bytesWritten } = await writeAsync(STDOUT, chunk, written);
        written += bytesWritten;
      } catch (error) {
        if (errorCode(error) === 'EPIPE') throw new OutputClosed('standard output has no reader');
        if (errorCode(error) !== 'EAGAIN')
          throw new WriteFailure(
            new Problem(`cannot write to standard output: ${messageOf(error)}`, {
              kind: 'not-written',
              cause: error,
            }),
            written,
          );
        // Another program left the terminal or pipe in non-blocking mode.
        await wait(RETRY_MS);
      }
    }
  }

  async close(): Promise<void> {}
}

/** Prints text in pieces. Stops silently when the reader has gone. */
export async function print(chunks: Iterable<string>): Promise<void> {
  const output = new StandardOutput();
  try {
    for (const chunk of chunks) await output.write(Buffer.from(chunk));
  } catch (error) {
    if (!(error instanceof OutputClosed)) throw error;
  }
}
