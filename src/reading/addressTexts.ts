import { addressText } from '../packets/address.ts';
import { i32 } from '../packets/numbers.ts';

/** The number of remembered texts; a power of two. */
const CACHE_SLOTS = 1 << 12;

/** Formats addresses. Frequent IPv4 addresses share one string, which saves memory. */
export class AddressTexts {
  readonly #values = new Int32Array(CACHE_SLOTS);
  readonly #texts: string[] = new Array<string>(CACHE_SLOTS).fill('0.0.0.0');

  /** The text of the address at `at`; `length` is 4 or 16 bytes. */
  of(bytes: Uint8Array, offset: number, length: number): string {
    if (length !== 4) return addressText(bytes, offset, length);
    const value = i32(bytes, offset);
    const slot = (value ^ (value >>> 12)) & (CACHE_SLOTS - 1);
    if (this.#values[slot] !== value) {
      this.#values[slot] = value;
      this.#texts[slot] = addressText(bytes, offset, length);
    }
    return this.#texts[slot] as string;
  }
}
