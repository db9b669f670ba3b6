/** Wireshark's Protocol and Info columns. */
export interface Described {
  readonly protocol: string;
  readonly info: string;
}
