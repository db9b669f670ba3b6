import { finished, type Readable } from 'node:stream';

/** How much of a stream waits in a batch before the stream is paused. */
const BATCH_BYTES = 256 * 1024;

/**
 * The chunks of a stream, all that have come at a time: a wait for each of them costs more than what most readers do
 * with it. Nothing is copied. Throws what the stream fails with, after the chunks that came before; destroys it when
 * the reader stops.
 */
export async function* inBatches(stream: Readable): AsyncGenerator<Buffer[], void> {
  let batch: Buffer[] = [];
  let bytes = 0;
  let end: { readonly error: unknown } | undefined;
  let wake = () => {};
  const take = (chunk: Buffer) => {
    // The system has often read more, which comes before this.
    if (batch.length === 0) setImmediate(() => wake());
    batch.push(chunk);
    bytes += chunk.length;
    if (bytes >= BATCH_BYTES) stream.pause();
  };
  const forget = finished(stream, { writable: false }, (error) => {
    end = { error };
    wake();
  });
  stream.on('data', take);
  // It may have been paused before.
  stream.resume();
  try {
    for (;;) {
      while (batch.length === 0 && !end)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      if (batch.length > 0) {
        const taken = batch;
        batch = [];
        bytes = 0;
        // The next batch comes while this one is used.
        if (stream.isPaused()) stream.resume();
        yield taken;
      } else if (end?.error) throw end.error;
      else return;
    }
  } finally {
    forget();
    stream.off('data', take);
    stream.destroy();
  }
}

/** The chunks of batches, one by one. */
export async function* oneByOne(batches: AsyncIterable<readonly Buffer[]>): AsyncGenerator<Buffer> {
  for await (const batch of batches) yield* batch;
}
