const RECORDS_PER_PAGE = 1024;

/** Records with a fixed number of numeric fields, in pages outside the garbage-collected heap. */
export class NumericRecords {
  readonly #width: number;
  readonly #pages: Float64Array[] = [];
  #length = 0;

  constructor(width: number) {
    this.#width = width;
  }

  get length(): number {
    return this.#length;
  }

  add(record: readonly number[]): void {
    const position = this.#length % RECORDS_PER_PAGE;
    if (position === 0) {
      this.#pages.push(new Float64Array(RECORDS_PER_PAGE * this.#width));
    }
    this.#pages.at(-1)?.set(record, position * this.#width);
    this.#length += 1;
  }

  /** A field of a record; NaN if there is none. */
  get(index: number, field: number): number {
    const page = this.#pages[Math.trunc(index / RECORDS_PER_PAGE)];
    return page?.[(index % RECORDS_PER_PAGE) * this.#width + field] ?? Number.NaN;
  }
}
