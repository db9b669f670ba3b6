import { type Outage, parseOutage } from '../outage.ts';

/** A frame from the pod's end of a follower: one line each; `data` is followed by the bytes. */
export type Frame =
  /** A sign of life while the recorder starts. */
  | { readonly kind: 'starting' }
  /** Sent before any data: the engine and the interface. */
  | { readonly kind: 'hello'; readonly engine: string; readonly device: string }
  /** Bytes of file `seq` from `offset` on: a whole frame, or the part of it that has arrived. */
  | { readonly kind: 'data'; readonly seq: number; readonly offset: number; readonly bytes: Buffer }
  /** The file is complete and was sent entirely. */
  | { readonly kind: 'end'; readonly seq: number; readonly size: number }
  /** The ring removed these files, or the rest of the first one, before they were sent. */
  | { readonly kind: 'gap'; readonly first: number; readonly last: number }
  /** A sign of life: `newest`, `size`, `held`, `free` … */
  | { readonly kind: 'state'; readonly values: FrameValues }
  /** Nothing was recorded in this time because the interface had disappeared; sent again when the outage is over. */
  | ({ readonly kind: 'outage' } & Outage)
  /** What happened while no packet matched; a line for `addUnmatched`. */
  | { readonly kind: 'unmatched'; readonly line: string }
  /** A line from the engine. */
  | { readonly kind: 'log'; readonly text: string }
  /** The recorder has ended, and everything in the ring was sent. */
  | {
      readonly kind: 'over';
      readonly why: string;
      readonly exit: number;
      readonly values: FrameValues;
    };

/** Numbers by name; values that are not numbers are dropped. */
export type FrameValues = Readonly<Record<string, number>>;

const NEWLINE = 0x0a;
/** Longer than any header line or engine message. */
const MAX_LINE = 8 * 1024;

/** The data is not what a follower sends. */
export class BadFrame extends Error {}

/** Reads frames from chunks of any size. Buffers one line at most; does not copy data. */
export class FrameParser {
  #line: Buffer = Buffer.alloc(0);
  #seq = 0;
  #offset = 0;
  /** Bytes of the current data frame that have not arrived yet. */
  #missing = 0;

  /** Accepts the next bytes and yields the frames that they complete. Throws BadFrame. */
  *parse(chunk: Buffer): Generator<Frame> {
    let at = 0;
    while (at < chunk.length) {
      if (this.#missing > 0) {
        const bytes = chunk.subarray(at, at + this.#missing);
        at += bytes.length;
        this.#missing -= bytes.length;
        const { seq, offset } = { seq: this.#seq, offset: this.#offset };
        this.#offset += bytes.length;
        yield { kind: 'data', seq, offset, bytes };
        continue;
      }
      const newline = chunk.indexOf(NEWLINE, at);
      const end = newline < 0 ? chunk.length : newline;
      if (this.#line.length + end - at > MAX_LINE) throw new BadFrame('a line that is too long');
      this.#line = Buffer.concat([this.#line, chunk.subarray(at, end)]);
      at = end + 1;
      if (newline < 0) break;
      const line = this.#line.toString();
      this.#line = Buffer.alloc(0);
      const frame = this.#header(line);
      if (frame) yield frame;
    }
  }

  #header(line: string): Frame | undefined {
    const [kind, ...words] = line.split(' ');
    switch (kind) {
      case 'starting':
        return { kind };
      case 'hello':
        if (words[0] !== '1') throw new BadFrame(`version ${words[0]}`);
        return { kind, engine: words[1] ?? '', device: words.slice(2).join(' ') };
      case 'data':
        [this.#seq, this.#offset, this.#missing] = [
          parseCount(words[0], line),
          parseCount(words[1], line),
          parseCount(words[2], line),
        ];
        return undefined;
      case 'end':
        return { kind, seq: parseCount(words[0], line), size: parseCount(words[1], line) };
      case 'gap':
        return { kind, first: parseCount(words[0], line), last: parseCount(words[1], line) };
      case 'state':
        return { kind, values: parseValues(words) };
      case 'outage':
        return { kind, ...parseOutage(words) };
      case 'passed':
      case 'connected':
        return { kind: 'unmatched', line };
      case 'log':
        return { kind, text: line.slice('log '.length) };
      case 'over':
        return {
          kind,
          why: words[0] ?? '',
          exit: Number(words[1] ?? 0) || 0,
          values: parseValues(words.slice(2)),
        };
      default:
        throw new BadFrame(`"${line.slice(0, 100)}"`);
    }
  }
}

function parseCount(word: string | undefined, line: string): number {
  const value = Number(word);
  if (word === undefined || !/^\d+$/.test(word) || !Number.isSafeInteger(value))
    throw new BadFrame(`"${line.slice(0, 100)}"`);
  return value;
}

function parseValues(words: readonly string[]): FrameValues {
  const pairs = words.map((word) => word.split('=', 2));
  return Object.fromEntries(
    pairs.flatMap(([name = '', text = '']) => (/^\d+$/.test(text) ? [[name, Number(text)]] : [])),
  );
}
