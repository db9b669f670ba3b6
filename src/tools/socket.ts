/** The names of netstat: an IPv6 socket is tcp6 or udp6 even if it carries IPv4 (dual stack). */
export type SocketProtocol = 'tcp' | 'tcp6' | 'udp' | 'udp6' | 'unix';

/** The names of the kernel, as netstat prints them. */
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
/** UNCONN has no peer and receives from any sender. netstat prints nothing for it. */
export type UdpState = 'ESTABLISHED' | 'UNCONN';
export type UnixState = 'LISTENING' | 'CONNECTED' | 'CONNECTING' | 'DISCONNECTING' | 'UNCONN';
export type SocketState = TcpState | UdpState | UnixState;

export type UnixType = 'stream' | 'dgram' | 'seqpacket';

export interface InternetEndpoint {
  /** Numeric, without brackets; `0.0.0.0` or `::` for any. */
  readonly address: string;
  /** 0 for any. */
  readonly port: number;
  /** The interface that the socket is bound to, or the zone of a link-local address. */
  readonly interface: string | undefined;
}

export interface UnixEndpoint {
  /** The path; `@name` for an abstract socket, '' for a socket without a name. */
  readonly path: string;
  /** The inode of the socket; 0 if there is none or it is unknown. */
  readonly inode: number;
}

export type SocketEndpoint = InternetEndpoint | UnixEndpoint;

export interface SocketProcess {
  readonly pid: number;
  readonly name: string;
  readonly fd: number;
}

/** The processes that hold each socket, by inode. */
export type SocketOwners = ReadonlyMap<number, readonly SocketProcess[]>;

export interface SocketTimer {
  /** on (retransmission), keepalive, timewait, persist (zero window probe), or another name from ss. */
  readonly name: string;
  readonly expiresInSeconds: number;
  readonly retransmits: number;
}

/** One socket, independent of the tool that listed it. `undefined` means unknown or not requested. */
export interface Socket {
  /** The pod of the socket, if the sockets of several pods are listed together. */
  readonly pod: string | undefined;
  readonly protocol: SocketProtocol;
  readonly type: UnixType | undefined;
  readonly state: SocketState;
  /** Unread bytes. For a listener: the connections that wait to be accepted. */
  readonly receiveQueue: number | undefined;
  /** Unacknowledged bytes. For a listener: the backlog, the number of connections that may wait. */
  readonly sendQueue: number | undefined;
  readonly local: SocketEndpoint;
  readonly peer: SocketEndpoint;
  /**
   * For an IPv6 socket bound to any address: whether it also accepts IPv4. Unknown if it was read from the kernel's
   * tables in /proc/net. Undefined for all other sockets.
   */
  readonly dualStack: boolean | undefined;
  readonly uid: number | undefined;
  readonly inode: number | undefined;
  readonly timer: SocketTimer | undefined;
  readonly processes: readonly SocketProcess[] | undefined;
}

/** Sockets that can be iterated over repeatedly: an array, or a `SocketStore` for very many. */
export interface SocketList extends Iterable<Socket> {
  readonly length: number;
  at(index: number): Socket | undefined;
}

/** Whether it waits for peers: a TCP or unix listener, or a datagram socket that receives from any sender. */
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

/** Whether IPv4 can reach it. A socket that may be dual-stack counts as dual-stack, which is the default. */
export function takesIpv4({ protocol, local, dualStack }: Socket): boolean {
  if (protocol === 'tcp' || protocol === 'udp') return true;
  if (!('address' in local)) return false;
  return local.address.startsWith('::ffff:') || (local.address === '::' && dualStack !== false);
}

export function isTcp(protocol: SocketProtocol): boolean {
  return protocol === 'tcp' || protocol === 'tcp6';
}
