import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { errorCode } from '../../problem.ts';
import { flattenBatches, readBatches } from '../../transfer/batches.ts';
import { DamagedStream, TruncatedStream } from './streamFailures.ts';

/** Programs for compression in the pod, fastest first. */
export const COMPRESSIONS = ['zstd', 'gzip'] as const;
export type Compression = (typeof COMPRESSIONS)[number];

/** Decompresses data from the pod, in batches. Throws TruncatedStream, DamagedStream, and what `batches` throws. */
export async function* decompress(
  batches: AsyncIterable<readonly Buffer[]>,
  compression: Compression,
): AsyncGenerator<Buffer[], void> {
  const chunkSize = 256 * 1024;
  const output =
    compression === 'zstd' ? createZstdDecompress({ chunkSize }) : createGunzip({ chunkSize });
  // A failure destroys the output, and is thrown where the output is read.
  const feeding = pipeline(Readable.from(flattenBatches(batches), { objectMode: false }), output);
  feeding.catch(() => {});
  try {
    yield* readBatches(output);
  } catch (error) {
    const code = errorCode(error) ?? '';
    if (code === 'Z_BUF_ERROR') throw new TruncatedStream('the compressed data was cut off');
    if (/^(Z|ZSTD)_/.test(code))
      throw new DamagedStream('the compressed data is damaged', { cause: error });
    throw error;
  } finally {
    output.destroy();
  }
}
