const EMPTY = Buffer.alloc(0);

/** The bytes of a stream that were not passed yet, in one piece. Copies only what straddles chunks. */
export class ByteWindow {
  bytes: Buffer = EMPTY;
  /** Where in `bytes` the first byte stands that was not passed. */
  at = 0;

  get pending(): number {
    return this.bytes.length - this.at;
  }

  push(chunk: Buffer): void {
    this.bytes =
      this.at === this.bytes.length ? chunk : Buffer.concat([this.bytes.subarray(this.at), chunk]);
    this.at = 0;
  }

  /** True when the next `length` bytes are there. */
  has(length: number): boolean {
    return this.at + length <= this.bytes.length;
  }
}
