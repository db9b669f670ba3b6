import { RefusedStream } from './streamFailures.ts';

/** A byte range of a recorded file. */
export interface FilePart {
  readonly seq: number;
  readonly offset: number;
  readonly length: number;
}

/** What the pod sends for the parts, one after the other in the order of the request. */
export type CopyFrame =
  /** Some of the part's bytes: a slice of a chunk. */
  | { readonly kind: 'data'; readonly part: FilePart; readonly bytes: Buffer }
  /** All bytes of the part have arrived, and the data that follows proves that none is missing. */
  | { readonly kind: 'whole'; readonly part: FilePart }
  /** The ring has removed the file. */
  | { readonly kind: 'gone'; readonly part: FilePart }
  /** The file ends before the part does. */
  | { readonly kind: 'short'; readonly part: FilePart };

/** Longer than any header line of a frame. */
const MAX_LINE_BYTES = 64;
const NEWLINE = 0x0a;

/** Words of the verb `copy` that request these parts. */
export function copyWords(parts: readonly FilePart[]): string[] {
  return parts.map(({ seq, offset, length }) => `part=${seq}:${offset}:${length}`);
}

/**
 * Reads the output of `copy` of spool.sh (docs/pod-protocol.md), in chunks as they arrive:
 *
 *     for await (const chunks of stream) for (const frame of frames.read(chunks)) use(frame);
 *
 * Throws RefusedStream for data that was not requested, is in another order, or has another length. Copies nothing but
 * lines that span chunks.
 */
export class CopyFrames {
  readonly #parts: readonly FilePart[];
  /** Index of the part that is being sent, or is next. */
  #at = 0;
  /** Bytes of the part that have not arrived yet; undefined before a frame. */
  #missing: number | undefined;
  #line: Buffer = Buffer.alloc(0);
  #isOver = false;

  constructor(parts: readonly FilePart[]) {
    this.#parts = parts;
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
        yield { kind: 'data', part: this.#part, bytes };
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
      yield* this.#take(line);
    }
  }

  *#take(bytes: Buffer): Generator<CopyFrame, void> {
    const line = bytes.toString('latin1');
    if (this.#isOver) throw unexpected(bytes);
    const before = this.#missing === undefined ? undefined : this.#part;
    if (before) this.#at += 1;
    this.#missing = undefined;
    const isLast = this.#at === this.#parts.length;
    if (isLast ? line !== 'over' : !this.#announces(line)) throw unexpected(bytes);
    if (before) yield { kind: 'whole', part: before };
    if (isLast) this.#isOver = true;
    else if (line.startsWith('data')) this.#missing = this.#part.length;
    else {
      yield { kind: line.startsWith('gone') ? 'gone' : 'short', part: this.#part };
      this.#at += 1;
    }
  }

  /** Whether a line starts a frame for the next part. */
  #announces(line: string): boolean {
    const { seq, offset, length } = this.#part;
    return (
      line === `data ${seq} ${offset} ${length}` ||
      line === `gone ${seq}` ||
      line === `short ${seq}`
    );
  }

  get #part(): FilePart {
    return this.#parts[this.#at] as FilePart;
  }
}

function unexpected(line: Buffer): RefusedStream {
  const shown = JSON.stringify(line.toString('latin1', 0, MAX_LINE_BYTES));
  return new RefusedStream(`${shown} was not requested`);
}
