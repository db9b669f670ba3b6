/** The Protocol and Info columns of Wireshark. */
export interface PacketDescription {
  readonly protocol: string;
  readonly info: string;
}
