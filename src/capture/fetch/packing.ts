import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { errorCode } from '../../problem.ts';
import { inBatches, oneByOne } from '../../transfer/batches.ts';
import { CutStream, DamagedStream } from './streamFailures.ts';

/** Programs for compression in the pod, fastest first. */
export const PACKINGS = ['zstd', 'gzip'] as const;
export type Packing = (typeof PACKINGS)[number];

/** Decompresses data from the pod, in batches. Throws CutStream, DamagedStream, and what `batches` throws. */
export async function* unpacked(
  batches: AsyncIterable<readonly Buffer[]>,
  packing: Packing,
): AsyncGenerator<Buffer[], void> {
  const chunkSize = 256 * 1024;
  const output =
    packing === 'zstd' ? createZstdDecompress({ chunkSize }) : createGunzip({ chunkSize });
  // A failure destroys the output, and is thrown where the output is read.
  const feeding = pipeline(Readable.from(oneByOne(batches), { objectMode: false }), output);
  feeding.catch(() => {});
  try {
    yield* inBatches(output);
  } catch (error) {
    const code = errorCode(error) ?? '';
    if (code === 'Z_BUF_ERROR') throw new CutStream('the compressed data was cut off');
    if (/^(Z|ZSTD)_/.test(code))
      throw new DamagedStream('the compressed data is damaged', { cause: error });
    throw error;
  } finally {
    output.destroy();
  }
}
