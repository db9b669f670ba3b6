/** Names of addresses: of pods and services, as far as the captures or the cluster tell. */
export class Names {
  readonly #names = new Map<string, string>();

  add(address: string, name: string): void {
    if (!this.#names.has(address)) this.#names.set(address, name);
  }

  get(address: string): string | undefined {
    return this.#names.get(address);
  }

  /** The address, and its name where it has one. */
  withName(address: string): string {
    return this.annotate(address, address);
  }

  /** A text that stands for the address, with its name. */
  annotate(text: string, address: string): string {
    const name = this.#names.get(address);
    return name === undefined ? text : `${text} (${name})`;
  }
}
