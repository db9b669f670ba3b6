const CAPACITY = 4_000;
/** The finest step: 100 microseconds. All times are in nanoseconds. */
const FIRST_STEP = 1e5;
/** A step grows to the next of 1, 2, 10, 20, 100 … times the finest. */
const GROWTH: readonly [number, number] = [2, 5];

/**
 * Counts by time in a bounded number of buckets, however long the time: when there are too many buckets, the step
 * grows and buckets are merged. All series share the buckets. Times may come in any order.
 */
export class TimeGrid {
  /** Nanoseconds per bucket. */
  step = FIRST_STEP;
  #growths = 0;
  /** The first and the last bucket in use, as times divided by the step. */
  #first = 0;
  #last = -1;
  readonly #series: Float64Array[] = [];

  /** Adds a series and returns its number. */
  addSeries(): number {
    return this.#series.push(new Float64Array(CAPACITY)) - 1;
  }

  add(series: number, time: number, amount: number): void {
    const values = this.#series[series] as Float64Array;
    const at = this.#bucket(time);
    values[at] = (values[at] as number) + amount;
  }

  /** The start of the first bucket. */
  get start(): number {
    return this.#first * this.step;
  }

  get buckets(): number {
    return this.#last - this.#first + 1;
  }

  values(series: number): Float64Array {
    return (this.#series[series] as Float64Array).subarray(0, this.buckets);
  }

  #bucket(time: number): number {
    for (;;) {
      const at = Math.floor(time / this.step);
      if (this.#last < this.#first) {
        this.#first = at;
        this.#last = at;
      }
      if (at >= this.#first && at - this.#first < CAPACITY) {
        if (at > this.#last) this.#last = at;
        return at - this.#first;
      }
      if (at < this.#first && this.#last - at < CAPACITY) {
        this.#moveTo(at);
        return 0;
      }
      this.#grow();
    }
  }

  /** Makes room for earlier buckets. */
  #moveTo(first: number): void {
    const by = this.#first - first;
    for (const values of this.#series) {
      values.copyWithin(by, 0, this.buckets);
      values.fill(0, 0, by);
    }
    this.#first = first;
  }

  #grow(): void {
    const factor = GROWTH[this.#growths % 2] as number;
    this.#growths += 1;
    const first = Math.floor(this.#first / factor);
    const { buckets } = this;
    for (const values of this.#series) {
      const joined = new Float64Array(CAPACITY);
      for (let at = 0; at < buckets; at++) {
        const to = Math.floor((this.#first + at) / factor) - first;
        joined[to] = (joined[to] as number) + (values[at] as number);
      }
      values.set(joined);
    }
    this.#last = Math.floor(this.#last / factor);
    this.#first = first;
    this.step *= factor;
  }
}
