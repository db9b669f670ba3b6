import { terminalSafe } from '../output/terminalSafe.ts';
import { addressText } from '../packets/address.ts';
import { i32 } from '../packets/numbers.ts';
import type { NamedAddress } from '../pcap/packetCursor.ts';

/** Most texts of addresses that are remembered. */
const REMEMBERED = 65_536;

/** Names of pods and services for addresses. An address without a name is shown itself. */
export class AddressNames {
  readonly #names = new Map<string, string>();
  /** Texts of IPv4 addresses, since the same few come again and again. */
  readonly #texts = new Map<number, string>();
  #taken = 0;

  /** Gives an address a name, unless it has one. */
  add(address: string, name: string): void {
    if (this.#names.has(address)) return;
    this.#names.set(address, terminalSafe(name));
    this.#texts.clear();
  }

  /** Takes over names of a file; call it again when there are more. */
  take(named: readonly NamedAddress[]): void {
    for (; this.#taken < named.length; this.#taken += 1) {
      const { address, name } = named[this.#taken] as NamedAddress;
      this.add(addressText(address, 0, address.length), name);
    }
  }

  of(address: string): string {
    return this.#names.get(address) ?? address;
  }

  /** The name or the text of the address of `length` bytes at `at`. */
  at(bytes: Uint8Array, at: number, length: number): string {
    if (length !== 4) return this.of(addressText(bytes, at, length));
    const value = i32(bytes, at);
    const known = this.#texts.get(value);
    if (known !== undefined) return known;
    const text = this.of(addressText(bytes, at, 4));
    if (this.#texts.size >= REMEMBERED) this.#texts.clear();
    this.#texts.set(value, text);
    return text;
  }

  /** All of them, as pairs of address and name. */
  get all(): ReadonlyMap<string, string> {
    return this.#names;
  }
}
