import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type {
  SpoolCommand,
  SpoolSource,
  SpoolVerb,
} from '../../../../src/capture/fetch/spoolSource.ts';
import { START } from './fetching.ts';

/** A spool in memory, fast enough for many thousand verbs. Files are numbered from 1. */
export class MemorySpool implements SpoolSource {
  readonly files: Buffer[];
  /** Bytes that were sent for each file, and how often it was requested by range. */
  sent = 0;

  constructor(files: Buffer[]) {
    this.files = files;
  }

  async start(verb: SpoolVerb, words: readonly string[]): Promise<SpoolCommand> {
    const output = this.#output(
      verb,
      words.map((word) => word.slice(word.indexOf('=') + 1)),
    );
    if (verb === 'copy') this.sent += output.length;
    const stdout = Readable.from(pieces(output));
    const stderr = Readable.from([]);
    return { stdout, stderr, exit: Promise.resolve(0), close: () => stdout.destroy() };
  }

  async checkGone(): Promise<undefined> {
    return undefined;
  }

  #output(verb: SpoolVerb, values: readonly string[]): Buffer {
    const file = (seq: number) => this.files[seq - 1] ?? Buffer.alloc(0);
    if (verb === 'copy') {
      const frames = values.flatMap((part) => {
        const [seq = 0, offset = 0, length = 0] = part.split(':').map(Number);
        const line = Buffer.from(`data ${seq} ${offset} ${length}\n`);
        return [line, file(seq).subarray(offset, offset + length)];
      });
      return Buffer.concat([...frames, Buffer.from('over\n')]);
    }
    const lines =
      verb === 'sum'
        ? values.map(
            (seq) =>
              `sum ${seq} ${createHash('sha256')
                .update(file(Number(seq)))
                .digest('hex')}`,
          )
        : [
            `state started ${START}`,
            'state phase recording',
            ...this.files.map(
              ({ length }, index) =>
                `file ${index + 1} ${length} ${START} closed ${index + 1}.pcap`,
            ),
            'ok',
          ];
    return Buffer.from(lines.map((line) => `${line}\n`).join(''));
  }
}

function* pieces(output: Buffer) {
  for (let at = 0; at < output.length; at += 8_000) yield output.subarray(at, at + 8_000);
}
