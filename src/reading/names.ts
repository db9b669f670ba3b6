import { terminalSafe } from '../output/terminalSafe.ts';
import { addressText } from '../packets/address.ts';
import { i32 } from '../packets/numbers.ts';
import type { NamedAddress } from '../pcap/packetCursor.ts';

/** The maximum number of remembered texts. */
const MAX_NAMES = 65_536;

/** Names of pods and services for addresses. An address without a name is shown as is. */
export class AddressNames {
  readonly #names = new Map<string, string>();
  /** Texts of IPv4 addresses, because a few of them occur very often. */
  readonly #texts = new Map<number, string>();
  #taken = 0;

  /** Names an address, unless it has a name already. */
  add(address: string, name: string): void {
    if (this.#names.has(address)) return;
    this.#names.set(address, terminalSafe(name));
    this.#texts.clear();
  }

  /** Copies the names of a file. Call it again when there are more. */
  addAll(addresses: readonly NamedAddress[]): void {
    for (; this.#taken < addresses.length; this.#taken += 1) {
      const { address, name } = addresses[this.#taken] as NamedAddress;
      this.add(addressText(address, 0, address.length), name);
    }
  }

  of(address: string): string {
    return this.#names.get(address) ?? address;
  }

  /** The name or the text of the address at `at`, which is `length` bytes long. */
  at(bytes: Uint8Array, at: number, length: number): string {
    if (length !== 4) return this.of(addressText(bytes, at, length));
    const value = i32(bytes, at);
    const cached = this.#texts.get(value);
    if (cached !== undefined) return cached;
    const text = this.of(addressText(bytes, at, 4));
    if (this.#texts.size >= MAX_NAMES) this.#texts.clear();
    this.#texts.set(value, text);
    return text;
  }

  /** All names by address. */
  get all(): ReadonlyMap<string, string> {
    return this.#names;
  }
}
