/** Which sockets are wanted, and how much is to be told about them. */
export interface Selection {
  readonly tcp: boolean;
  readonly udp: boolean;
  readonly unix: boolean;
  /** Of tcp and udp; unix sockets are neither. */
  readonly ipv4: boolean;
  readonly ipv6: boolean;
  readonly states: 'listening' | 'all';
  /** The processes that hold the socket. */
  readonly processes: boolean;
  /** Owner, inode and timers. Costs time where there are very many sockets. */
  readonly details: boolean;
}
