/** Numbers with their unit in the type, so that one cannot be passed as another. */
declare const unit: unique symbol;
type Quantity<Unit extends string> = number & { readonly [unit]: Unit };

export type Milliseconds = Quantity<'ms'>;
export type Bytes = Quantity<'bytes'>;

export function milliseconds(count: number): Milliseconds {
  return count as Milliseconds;
}

export function seconds(count: number): Milliseconds {
  return (count * 1000) as Milliseconds;
}

/** Whole seconds, rounded up. */
export function inSeconds(time: Milliseconds): number {
  return Math.ceil(time / 1000);
}

export function bytes(count: number): Bytes {
  return count as Bytes;
}

/** Kilobytes of 1000 bytes, rounded up. */
export function inKilobytes(size: Bytes): number {
  return Math.ceil(size / 1000);
}
