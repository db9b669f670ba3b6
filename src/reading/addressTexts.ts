import { addressText } from '../packets/address.ts';
import { i32 } from '../packets/numbers.ts';

/** The number of remembered texts; a power of two. */
const PLACES = 1 << 12;

/** Formats addresses. Frequent IPv4 addresses share one string, which saves memory. */
export class AddressTexts {
  readonly #values = new Int32Array(PLACES);
  readonly #texts: string[] = new Array<string>(PLACES).fill('0.0.0.0');

  /** The text of the address at `at`; `length` is 4 or 16 bytes. */
  of(bytes: Uint8Array, at: number, length: number): string {
    if (length !== 4) return addressText(bytes, at, length);
    const value = i32(bytes, at);
    const place = (value ^ (value >>> 12)) & (PLACES - 1);
    if (this.#values[place] !== value) {
      this.#values[place] = value;
      this.#texts[place] = addressText(bytes, at, length);
    }
    return this.#texts[place] as string;
  }
}
