import type { Output } from '../../../src/output/output.ts';
import type { Source } from '../../../src/pcap/mergeSource.ts';
import { type MergeOptions, PcapngMerger } from '../../../src/pcap/pcapngMerger.ts';
import type { CaptureLocation } from '../../../src/pcap/podInterface.ts';
import { localSection } from '../../../src/pcap/section.ts';
import type { Chance } from './madeCaptures.ts';

/** Keeps what is written; copies it, because the merger reuses its buffers. */
export class MemoryOutput implements Output {
  readonly chunks: Buffer[] = [];

  get bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }

  async write(chunk: Buffer): Promise<void> {
    this.chunks.push(Buffer.from(chunk));
  }

  async close(): Promise<void> {}
}

export const SECTION = localSection('capture of deploy/web');

export function podAt(name: string, more: Partial<CaptureLocation> = {}): CaptureLocation {
  return { device: 'eth0', node: 'node-1', pod: { name, namespace: 'shop' }, ...more };
}

/** Writes a file to a source in pieces of random sizes, with pauses of random lengths. */
export async function writeInPieces(source: Source, file: Buffer, chance: Chance): Promise<void> {
  const largest = chance.oneOf([10, 1000, 30_000]);
  for (let at = 0; at < file.length; ) {
    const size = chance.between(1, largest);
    await source.write(file.subarray(at, at + size));
    at += size;
    for (let pause = chance.between(0, 2); pause > 0; pause--) await Promise.resolve();
  }
}

/** The pcapng file of several pcap files, web-0 from the first one, web-1 from the second … */
export async function mergeFiles(
  files: readonly Buffer[],
  chance: Chance,
  options: Partial<MergeOptions> = {},
): Promise<{ file: Buffer; merger: PcapngMerger; sources: Source[] }> {
  const output = new MemoryOutput();
  const section = SECTION;
  const merger = new PcapngMerger(output, { section, maxDelay: Infinity, ...options });
  const sources = files.map((_, index) => merger.addSource(podAt(`web-${index}`)));
  await Promise.all(
    sources.map(async (source, index) => {
      await writeInPieces(source, files[index] as Buffer, chance);
      source.end();
    }),
  );
  await merger.finish();
  return { file: output.bytes, merger, sources };
}
