/** The Protocol and Info columns of Wireshark. */
export interface Described {
  readonly protocol: string;
  readonly info: string;
}
