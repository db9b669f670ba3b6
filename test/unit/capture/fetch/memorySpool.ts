import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type {
  SpoolCommand,
  SpoolSource,
  SpoolVerb,
} from '../../../../src/capture/fetch/spoolSource.ts';
import { END, member } from '../../transfer/rawTar.ts';
import { START } from './fetching.ts';

/** A spool in memory, as fast as many thousand verbs need it. Files are numbered from 1. */
export class MemorySpool implements SpoolSource {
  readonly files: Buffer[];
  /** Bytes that were sent for each file, and how often it was asked for by range. */
  sent = 0;

  constructor(files: Buffer[]) {
    this.files = files;
  }

  async start(verb: SpoolVerb, words: readonly string[]): Promise<SpoolCommand> {
    const numbers = (name: string) =>
      words.filter((word) => word.startsWith(`${name}=`)).map((word) => Number(word.split('=')[1]));
    const output = this.#output(verb, numbers('seq'), numbers('offset')[0], numbers('length')[0]);
    if (verb === 'tar' || verb === 'read') this.sent += output.length;
    const stdout = Readable.from(pieces(output));
    const stderr = Readable.from([]);
    return { stdout, stderr, exit: Promise.resolve(0), close: () => stdout.destroy() };
  }

  async whyGone(): Promise<undefined> {
    return undefined;
  }

  #output(verb: SpoolVerb, seqs: readonly number[], offset = 0, length = 0): Buffer {
    const file = (seq: number) => this.files[seq - 1] ?? Buffer.alloc(0);
    if (verb === 'read') return file(seqs[0] ?? 0).subarray(offset, offset + length);
    if (verb === 'tar')
      return Buffer.concat([
        ...seqs.map((seq) => member({ name: `${seq}.pcap`, data: file(seq) })),
        END,
      ]);
    const lines =
      verb === 'sum'
        ? seqs.map((seq) => `sum ${seq} ${createHash('sha256').update(file(seq)).digest('hex')}`)
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
