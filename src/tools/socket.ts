/** As netstat names them: an IPv6 socket is tcp6 or udp6 even where it carries IPv4 (dual stack). */
export type SocketProtocol = 'tcp' | 'tcp6' | 'udp' | 'udp6' | 'unix';

/** The kernel's words, as netstat prints them. */
export type TcpState =
  | 'ESTABLISHED'
  | 'SYN_SENT'
  | 'SYN_RECV'
  | 'FIN_WAIT1'
  | 'FIN_WAIT2'
  | 'TIME_WAIT'
  | 'CLOSE'
  | 'CLOSE_WAIT'
  | 'LAST_ACK'
  | 'LISTEN'
  | 'CLOSING';
/** UNCONN has no peer: it receives from anyone. netstat leaves that one blank. */
export type UdpState = 'ESTABLISHED' | 'UNCONN';
export type UnixState = 'LISTENING' | 'CONNECTED' | 'CONNECTING' | 'DISCONNECTING' | 'UNCONN';
export type SocketState = TcpState | UdpState | UnixState;

export type UnixType = 'stream' | 'dgram' | 'seqpacket';

export interface InternetEndpoint {
  /** Numeric, without brackets; `0.0.0.0` or `::` for any. */
  readonly address: string;
  /** 0 for any. */
  readonly port: number;
  /** The interface the socket is bound to, or the zone of a link-local address. */
  readonly interface: string | undefined;
}

export interface UnixEndpoint {
  /** The path, `@name` for an abstract socket, '' for one without a name. */
  readonly path: string;
  /** The socket's inode; 0 when there is none or it is not known. */
  readonly inode: number;
}

export type SocketEndpoint = InternetEndpoint | UnixEndpoint;

export interface SocketProcess {
  readonly pid: number;
  readonly name: string;
  readonly fd: number;
}

/** Who holds each socket, by its inode. */
export type SocketOwners = ReadonlyMap<number, readonly SocketProcess[]>;

export interface SocketTimer {
  /** on (retransmission), keepalive, timewait, persist (zero window probe) or what ss calls it. */
  readonly name: string;
  readonly expiresInSeconds: number;
  readonly retransmits: number;
}

/** One socket, whatever told us of it; `undefined` is "not known" or "not asked for". */
export interface Socket {
  /** The pod it is in, where the sockets of several pods are listed together. */
  readonly pod: string | undefined;
  readonly protocol: SocketProtocol;
  readonly type: UnixType | undefined;
  readonly state: SocketState;
  /** Bytes not yet read; of a listener the connections that wait to be accepted. */
  readonly receiveQueue: number | undefined;
  /** Bytes not yet acknowledged; of a listener the backlog: how many may wait. */
  readonly sendQueue: number | undefined;
  readonly local: SocketEndpoint;
  readonly peer: SocketEndpoint;
  /**
   * Of an IPv6 socket that is bound to any address: whether it takes IPv4 as well. Not known from the
   * kernel's tables in /proc/net; undefined for all other sockets.
   */
  readonly dualStack: boolean | undefined;
  readonly uid: number | undefined;
  readonly inode: number | undefined;
  readonly timer: SocketTimer | undefined;
  readonly processes: readonly SocketProcess[] | undefined;
}

/** Sockets to be read as often as needed: an array, or a `SocketStore` for very many. */
export interface SocketList extends Iterable<Socket> {
  readonly length: number;
  at(index: number): Socket | undefined;
}

/** Whether it waits for others: a TCP or unix listener, or a datagram socket open to anyone. */
export function isListening(socket: Socket): boolean {
  switch (socket.state) {
    case 'LISTEN':
    case 'LISTENING':
      return true;
    case 'UNCONN':
      return 'port' in socket.local || socket.local.path !== '';
    default:
      return false;
  }
}

/** Whether IPv4 reaches it; where it is not known whether a socket is dual-stack, it counts as such (the default). */
export function takesIpv4({ protocol, local, dualStack }: Socket): boolean {
  if (protocol === 'tcp' || protocol === 'udp') return true;
  if (!('address' in local)) return false;
  return local.address.startsWith('::ffff:') || (local.address === '::' && dualStack !== false);
}

export function isTcp(protocol: SocketProtocol): boolean {
  return protocol === 'tcp' || protocol === 'tcp6';
}
