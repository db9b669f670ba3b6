import { PassThrough } from 'node:stream';
import type { Output } from '../output/output.ts';
import { print } from '../output/standardOutput.ts';
import { briefSummary } from '../reading/briefSummary.ts';
import { type Summary, summarize } from '../reading/summary.ts';

/** Summarizes the packets of a capture while they are written to a file, or without a file. */
export class SummaryOutput implements Output {
  readonly #file: Output | undefined;
  readonly #stream = new PassThrough();
  readonly #summary: Promise<Summary | undefined>;
  /** Present if a second file can be started. Its packets are not summarized. */
  readonly nextFile?: () => Promise<string>;
  #isEmpty = true;

  constructor(file: Output | undefined) {
    this.#file = file;
    if (file?.nextFile)
      this.nextFile = async () => {
        this.#stream.end();
        return `${await file.nextFile?.()}, which is not part of the summary`;
      };
    this.#summary = summarize([{ label: 'capture', paths: [], stream: this.#stream }]).catch(
      (error: unknown) => {
        // Nothing was captured, so there is nothing to read.
        if (this.#isEmpty) return undefined;
        throw error;
      },
    );
  }

  get path(): string | undefined {
    return this.#file?.path;
  }

  async write(chunk: Buffer): Promise<void> {
    await this.#file?.write(chunk);
    this.#isEmpty = false;
    if (this.#stream.writableEnded) return;
    // The caller reuses the buffer after this call.
    if (this.#stream.destroyed || this.#stream.write(Buffer.from(chunk))) return;
    const drained = new Promise((resolve) => this.#stream.once('drain', resolve));
    // If the summary fails, nobody reads the stream any more.
    await Promise.race([drained, this.#summary.catch(() => undefined)]);
  }

  async truncateEnd(bytes: number): Promise<void> {
    await this.#file?.truncateEnd?.(bytes);
  }

  async close(): Promise<void> {
    this.#stream.end();
    await this.#file?.close();
  }

  async report(): Promise<void> {
    const summary = await this.#summary;
    if (summary) await print([briefSummary(summary)]);
  }
}
