/** Which sockets to list, and with which details. */
export interface Selection {
  readonly tcp: boolean;
  readonly udp: boolean;
  readonly unix: boolean;
  /** For tcp and udp. Unix sockets belong to neither family. */
  readonly ipv4: boolean;
  readonly ipv6: boolean;
  readonly states: 'listening' | 'all';
  /** Whether to list the processes that hold the socket. */
  readonly processes: boolean;
  /** Owner, inode and timers. Slow if there are very many sockets. */
  readonly details: boolean;
}
