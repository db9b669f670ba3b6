import { UnexpectedStream } from './streamFailures.ts';

/** A byte range of a recorded file. */
export interface FileRange {
  readonly seq: number;
  readonly offset: number;
  readonly length: number;
}

/** What the pod sends for the ranges, one after the other in the order of the request. */
export type CopyFrame =
  /** Some of the range's bytes: a slice of a chunk. */
  | { readonly kind: 'data'; readonly range: FileRange; readonly bytes: Buffer }
  /** All bytes of the range have arrived, and the data that follows proves that none is missing. */
  | { readonly kind: 'whole'; readonly range: FileRange }
  /** The ring has removed the file. */
  | { readonly kind: 'gone'; readonly range: FileRange }
  /** The file ends before the range does. */
  | { readonly kind: 'short'; readonly range: FileRange };

/** Longer than any header line of a frame. */
const MAX_LINE_BYTES = 64;
const NEWLINE = 0x0a;

/** Arguments of the verb `copy` that request these ranges. */
export function copyArguments(ranges: readonly FileRange[]): string[] {
  return ranges.map(({ seq, offset, length }) => `part=${seq}:${offset}:${length}`);
}

/**
 * Reads the output of `copy` of spool.sh (docs/pod-protocol.md), in chunks as they arrive:
 *
 *     for await (const chunks of stream) for (const frame of frames.read(chunks)) use(frame);
 *
 * Throws UnexpectedStream for data that was not requested, is in another order, or has another length. Copies nothing but
 * lines that span chunks.
 */
export class CopyFrames {
  readonly #ranges: readonly FileRange[];
  /** Index of the range that is being sent, or is next. */
  #index = 0;
  /** Bytes of the range that have not arrived yet; undefined before a frame. */
  #missing: number | undefined;
  #line: Buffer = Buffer.alloc(0);
  #isOver = false;

  constructor(ranges: readonly FileRange[]) {
    this.#ranges = ranges;
  }

  /** Whether the pod has confirmed that everything was sent. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** The frames in the next chunks. Must be read to its end before the next call. */
  *read(chunks: Iterable<Buffer>): Generator<CopyFrame, void> {
    for (const chunk of chunks) yield* this.#read(chunk);
  }

  *#read(chunk: Buffer): Generator<CopyFrame, void> {
    let at = 0;
    while (at < chunk.length) {
      if (this.#missing) {
        const bytes = chunk.subarray(at, at + this.#missing);
        at += bytes.length;
        this.#missing -= bytes.length;
        yield { kind: 'data', range: this.#range, bytes };
        continue;
      }
      const end = chunk.indexOf(NEWLINE, at);
      const rest = chunk.subarray(at, end < 0 ? chunk.length : end);
      at += rest.length + 1;
      this.#line = this.#line.length === 0 ? rest : Buffer.concat([this.#line, rest]);
      if (this.#line.length > MAX_LINE_BYTES) throw unexpected(this.#line);
      if (end < 0) {
        return;
      }
      const line = this.#line;
      this.#line = Buffer.alloc(0);
      yield* this.#parseLine(line);
    }
  }

  *#parseLine(bytes: Buffer): Generator<CopyFrame, void> {
    const line = bytes.toString('latin1');
    if (this.#isOver) throw unexpected(bytes);
    const previous = this.#missing === undefined ? undefined : this.#range;
    if (previous) this.#index += 1;
    this.#missing = undefined;
    const isLast = this.#index === this.#ranges.length;
    if (isLast ? line !== 'over' : !this.#isExpected(line)) throw unexpected(bytes);
    if (previous) yield { kind: 'whole', range: previous };
    if (isLast) this.#isOver = true;
    else if (line.startsWith('data')) this.#missing = this.#range.length;
    else {
      yield { kind: line.startsWith('gone') ? 'gone' : 'short', range: this.#range };
      this.#index += 1;
    }
  }

  /** Whether a line starts a frame for the next range. */
  #isExpected(line: string): boolean {
    const { seq, offset, length } = this.#range;
    return (
      line === `data ${seq} ${offset} ${length}` ||
      line === `gone ${seq}` ||
      line === `short ${seq}`
    );
  }

  get #range(): FileRange {
    return this.#ranges[this.#index] as FileRange;
  }
}

function unexpected(line: Buffer): UnexpectedStream {
  const shown = JSON.stringify(line.toString('latin1', 0, MAX_LINE_BYTES));
  return new UnexpectedStream(`${shown} was not requested`);
}
