const EMPTY = Buffer.alloc(0);

/** The unread bytes of a stream, contiguous. Copies only the bytes that straddle chunks. */
export class ByteWindow {
  bytes: Buffer = EMPTY;
  /** The index in `bytes` of the first unread byte. */
  at = 0;

  get pending(): number {
    return this.bytes.length - this.at;
  }

  /** `headroom`: the number of bytes before the chunk, in the same memory, that may be overwritten. */
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

  /** Discards the unread bytes. */
  dropPending(): void {
    this.bytes = this.bytes.subarray(0, this.at);
  }

  /** Whether the next `length` bytes have arrived. */
  has(length: number): boolean {
    return this.at + length <= this.bytes.length;
  }
}
