import { Transform } from 'node:stream';
import { ApiError } from '../cluster/apiserver/status.ts';

const NEWLINE = 0x0a;

/** The body of a watch, which can expire on request. */
export class WatchBody extends Transform {
  #expired = false;
  #betweenEvents = true;

  /** Ends the watch with 410 Expired after the event that is being sent. */
  expire(): void {
    if (this.#expired || this.writableEnded) return;
    this.#expired = true;
    if (this.#betweenEvents) this.#end();
  }

  override _transform(chunk: Buffer, _encoding: string, callback: () => void): void {
    if (this.#expired) {
      const end = chunk.indexOf(NEWLINE);
      if (!this.#betweenEvents && end >= 0) {
        this.push(chunk.subarray(0, end + 1));
        this.#end();
      } else if (!this.#betweenEvents) this.push(chunk);
    } else {
      this.#betweenEvents = chunk.at(-1) === NEWLINE;
      this.push(chunk);
    }
    callback();
  }

  #end(): void {
    this.#betweenEvents = true;
    const { status } = new ApiError(410, 'Expired', 'too old resource version: 1 (2)');
    this.push(`${JSON.stringify({ type: 'ERROR', object: status })}\n`);
    this.push(null);
  }
}
