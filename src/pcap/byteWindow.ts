const EMPTY = Buffer.alloc(0);

/** The unread bytes of a stream, in one piece. Copies only what straddles chunks. */
export class ByteWindow {
  bytes: Buffer = EMPTY;
  /** Where in `bytes` the first byte stands that was not passed. */
  at = 0;

  get pending(): number {
    return this.bytes.length - this.at;
  }

  /** `headroom`: how many bytes before the chunk, in the same memory, may be overwritten. */
  push(chunk: Buffer, headroom = 0): void {
    const rest = this.pending;
    if (rest === 0) this.bytes = chunk;
    else if (rest <= headroom) {
      const joined = Buffer.from(chunk.buffer, chunk.byteOffset - rest, rest + chunk.length);
      this.bytes.copy(joined, 0, this.at);
      this.bytes = joined;
    } else this.bytes = Buffer.concat([this.bytes.subarray(this.at), chunk]);
    this.at = 0;
  }

  /** Forgets the bytes that were not passed. */
  dropPending(): void {
    this.bytes = this.bytes.subarray(0, this.at);
  }

  /** True when the next `length` bytes are there. */
  has(length: number): boolean {
    return this.at + length <= this.bytes.length;
  }
}
