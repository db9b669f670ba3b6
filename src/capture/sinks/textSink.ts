import type { ResolvedTarget } from '../../kube/targets/resolvedTarget.ts';
import { type Output, OutputClosed } from '../../output/output.ts';
import type { CaptureBounds } from '../spec.ts';
import type { Sink, SinkEnd, TargetSink } from './sink.ts';

const NEWLINE = 0x0a;
const TAB = 0x09;
const SPACE = 0x20;

/** Packets as text, in the order in which they arrive. Each line starts with the label of its target. */
export class TextSink implements Sink {
  readonly #output: Output;
  readonly #labelOf: (target: ResolvedTarget) => string;
  readonly #limits: CaptureBounds;
  /** The output accepts one chunk at a time. */
  #turn: Promise<void> = Promise.resolve();
  #onEnd: (why: SinkEnd) => void = () => {};
  #failure: unknown;
  #packets = 0;
  #bytes = 0;
  #ended = false;

  /** `labelOf` returns the label for the lines of a target. The limits apply to all targets together. */
  constructor(output: Output, labelOf: (target: ResolvedTarget) => string, limits: CaptureBounds) {
    this.#output = output;
    this.#labelOf = labelOf;
    this.#limits = limits;
    output.onReaderClosed?.(() => this.#end('reader-gone'));
  }

  async open(target: ResolvedTarget): Promise<TargetSink> {
    const label = Buffer.from(this.#labelOf(target));
    const write = (chunk: Buffer) => {
      const written = this.#turn.then(() => this.#write(label, chunk));
      this.#turn = written.catch(() => {});
      return written;
    };
    return { output: { write, close: async () => {} }, end: () => {} };
  }

  onEnd(callback: (why: SinkEnd) => void): void {
    this.#onEnd = callback;
  }

  async close(): Promise<void> {
    await this.#turn;
    await this.#output.close();
    if (this.#failure && !(this.#failure instanceof OutputClosed)) throw this.#failure;
  }

  async #write(label: Buffer, chunk: Buffer): Promise<void> {
    if (this.#ended) throw new OutputClosed('no more packets are wanted');
    const text = this.#labelled(label, chunk);
    try {
      if (text.length > 0) await this.#output.write(text);
    } catch (error) {
      this.#failure ??= error;
      this.#end('reader-gone');
      throw new OutputClosed('the output is full');
    }
  }

  /** Whole lines with labels, up to the limits. */
  #labelled(label: Buffer, chunk: Buffer): Buffer {
    const { maxBytes = Number.POSITIVE_INFINITY, count = Number.POSITIVE_INFINITY } = this.#limits;
    const parts: Buffer[] = [];
    for (let at = 0; at < chunk.length; ) {
      const newline = chunk.indexOf(NEWLINE, at);
      const line = chunk.subarray(at, newline < 0 ? chunk.length : newline + 1);
      at += line.length;
      if (line.length === 1) continue;
      const startsPacket = line[0] !== TAB && line[0] !== SPACE;
      if (startsPacket && this.#packets === count) {
        this.#end('complete');
        break;
      }
      if (this.#bytes + label.length + line.length > maxBytes) {
        this.#end('size');
        break;
      }
      if (startsPacket) this.#packets += 1;
      this.#bytes += label.length + line.length;
      parts.push(label, line);
    }
    return Buffer.concat(parts);
  }

  #end(why: SinkEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#onEnd(why);
  }
}
