/** Names of pods and services by address, from the captures or the cluster. */
export class Names {
  readonly #names = new Map<string, string>();

  add(address: string, name: string): void {
    if (!this.#names.has(address)) this.#names.set(address, name);
  }

  get(address: string): string | undefined {
    return this.#names.get(address);
  }

  /** The address, followed by its name if it has one. */
  withName(address: string): string {
    return this.annotate(address, address);
  }

  /** A text that contains the address, followed by its name. */
  annotate(text: string, address: string): string {
    const name = this.#names.get(address);
    return name === undefined ? text : `${text} (${name})`;
  }
}
