import { finished, type Readable } from 'node:stream';

/** The size of a batch at which the stream is paused. */
const BATCH_BYTES = 256 * 1024;

/**
 * Reads a stream in batches of the chunks that have arrived, because waiting for each chunk costs more than most
 * readers spend on it. Does not copy. If the stream fails, yields the chunks that arrived before the failure, and then
 * throws its error. Destroys the stream when the reader stops.
 */
export async function* readBatches(stream: Readable): AsyncGenerator<Buffer[], void> {
  let batch: Buffer[] = [];
  let bytes = 0;
  let end: { readonly error: unknown } | undefined;
  let wake = () => {};
  const onData = (chunk: Buffer) => {
    // More chunks have often been read already, and are delivered first.
    if (batch.length === 0) setImmediate(() => wake());
    batch.push(chunk);
    bytes += chunk.length;
    if (bytes >= BATCH_BYTES) stream.pause();
  };
  const stopListening = finished(stream, { writable: false }, (error) => {
    end = { error };
    wake();
  });
  stream.on('data', onData);
  // The stream may have been paused before.
  stream.resume();
  try {
    for (;;) {
      while (batch.length === 0 && !end)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      if (batch.length > 0) {
        const ready = batch;
        batch = [];
        bytes = 0;
        // The next batch arrives while this one is processed.
        if (stream.isPaused()) stream.resume();
        yield ready;
      } else if (end?.error) throw end.error;
      else return;
    }
  } finally {
    stopListening();
    stream.off('data', onData);
    stream.destroy();
  }
}

/** The chunks of batches, one by one. */
export async function* flattenBatches(
  batches: AsyncIterable<readonly Buffer[]>,
): AsyncGenerator<Buffer> {
  for await (const batch of batches) yield* batch;
}
