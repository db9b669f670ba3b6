/** The output of `follow`, parsed by a strict reader of frames. */
export class Frames {
  /** Bytes of each file, by its number, from `offset` on. */
  readonly files = new Map<number, { readonly offset: number; readonly chunks: Buffer[] }>();
  /** Sizes of the files that were sent completely. */
  readonly ended = new Map<number, number>();
  /** Every header except those of data, in order. */
  readonly lines: string[] = [];
  #rest = Buffer.alloc(0);
  #missing = 0;
  #current: Buffer[] = [];

  push(chunk: Buffer): void {
    let bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk;
    this.#rest = Buffer.alloc(0);
    while (bytes.length > 0) {
      if (this.#missing > 0) {
        const part = bytes.subarray(0, this.#missing);
        this.#current.push(part);
        this.#missing -= part.length;
        bytes = bytes.subarray(part.length);
        continue;
      }
      const end = bytes.indexOf('\n');
      if (end < 0) {
        this.#rest = Buffer.from(bytes);
        return;
      }
      this.#header(bytes.subarray(0, end).toString());
      bytes = bytes.subarray(end + 1);
    }
  }

  bytes(seq: number): Buffer {
    return Buffer.concat(this.files.get(seq)?.chunks ?? []);
  }

  line(start: string): string | undefined {
    return this.lines.find((line) => line.startsWith(start));
  }

  get whole(): boolean {
    return this.#missing === 0 && this.#rest.length === 0;
  }

  #header(line: string): void {
    const [kind, ...words] = line.split(' ');
    const [seq = 0, offset = 0, length = 0] = words.map(Number);
    if (kind === 'data') {
      const file = this.files.get(seq) ?? { offset, chunks: [] };
      const expected = file.offset + file.chunks.reduce((sum, { length }) => sum + length, 0);
      if (offset !== expected) throw new Error(`${line}, but ${expected} was next`);
      this.files.set(seq, file);
      this.#current = file.chunks;
      this.#missing = length;
    } else {
      if (kind === 'end') this.ended.set(seq, offset);
      this.lines.push(line);
    }
  }
}
