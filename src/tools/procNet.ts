import type {
  Socket,
  SocketOwners,
  SocketProcess,
  SocketProtocol,
  SocketTimer,
  TcpState,
  UdpState,
  UnixState,
  UnixType,
} from './socket.ts';
import { isTcp } from './socket.ts';
import type { Selection } from './socketSelection.ts';

/**
 * The command that prints the kernel's socket tables, for images without ss. It exits with 1 if a table is missing
 * (IPv6 is disabled); its output is then still valid.
 */
export function procNetCommand(selection: Selection): string[] {
  const tables: readonly [SocketProtocol, boolean][] = [
    ['tcp', selection.tcp && selection.ipv4],
    // IPv6 sockets may also accept IPv4, so they are selected afterwards.
    ['tcp6', selection.tcp],
    ['udp', selection.udp && selection.ipv4],
    ['udp6', selection.udp],
    ['unix', selection.unix],
  ];
  return [
    'cat',
    ...tables.filter(([, isRequested]) => isRequested).map(([table]) => `/proc/net/${table}`),
  ];
}

/**
 * The commands that print which process holds which socket. The shell only expands the pattern and is replaced by the
 * command: a child process would remain as a zombie in a container whose main process does not reap. Both exit with 1
 * if a process ended in between; their output is then still valid.
 */
export const processNamesCommand: readonly string[] = ['sh', '-c', 'exec cat /proc/[0-9]*/stat'];
/** ls prints the name of a folder only if it lists several folders, so /proc/self/fd is added. */
export const descriptorsCommand: readonly string[] = [
  'sh',
  '-c',
  'exec ls -ln /proc/self/fd /proc/[0-9]*/fd',
];

/** Formats: Documentation/networking/proc_net_tcp.rst and net/unix/af_unix.c of the Linux kernel. */
const INTERNET_HEADER = /^ +sl +local_address +(rem|remote)_address /;
const INTERNET =
  /^ *\d+: ([0-9A-F]+):([0-9A-F]+) ([0-9A-F]+):([0-9A-F]+) ([0-9A-F]{2}) ([0-9A-F]+):([0-9A-F]+) (\d\d):([0-9A-F]+) ([0-9A-F]+) +(\d+) +\d+ +(\d+)/;
const UNIX_HEADER = 'Num ';
const UNIX = /^[0-9a-fA-F]+: \S+ \S+ ([0-9A-F]+) ([0-9A-F]+) ([0-9A-F]+) +(\d+)(?: (.*))?$/s;

/** include/net/tcp_states.h. State 12 is internal to the kernel, for a SYN_RECV socket. */
const TCP_STATES: readonly (TcpState | undefined)[] = [
  undefined,
  'ESTABLISHED',
  'SYN_SENT',
  'SYN_RECV',
  'FIN_WAIT1',
  'FIN_WAIT2',
  'TIME_WAIT',
  'CLOSE',
  'CLOSE_WAIT',
  'LAST_ACK',
  'LISTEN',
  'CLOSING',
  'SYN_RECV',
];
/** enum socket_state in include/uapi/linux/net.h. */
const UNIX_STATES: readonly (UnixState | undefined)[] = [
  undefined,
  'UNCONN',
  'CONNECTING',
  'CONNECTED',
  'DISCONNECTING',
];
/** __SO_ACCEPTCON */
const ACCEPTS_CONNECTIONS = 0x10000;
const UNIX_TYPES: ReadonlyMap<number, UnixType> = new Map([
  [1, 'stream'],
  [2, 'dgram'],
  [5, 'seqpacket'],
]);
const TIMERS: readonly (string | undefined)[] = [
  undefined,
  'on',
  'keepalive',
  'timewait',
  'persist',
];
/** USER_HZ: the unit of times that the kernel prints, whatever its internal tick rate is. */
const TICKS_PER_SECOND = 100;

/**
 * Creates a parser for the lines of /proc/net/{tcp,tcp6,udp,udp6,unix}, one table after another; it recognizes them by
 * their headers. `owners` are the processes by inode, if they were requested. These tables do not contain interfaces,
 * the backlog of listeners, or queues and peers of unix sockets.
 */
export function procNetLineParser(
  owners?: SocketOwners,
): (line: string) => Socket | null | undefined {
  let table: SocketProtocol | undefined;
  const addressOf = addressReader();
  return (line) => {
    const header = tableStartedBy(line);
    if (header !== undefined) {
      table = header;
      return null;
    }
    if (table === undefined) {
      return undefined;
    }
    return table === 'unix'
      ? unixSocket(line, owners)
      : internetSocket(line, table, addressOf, owners);
  };
}

function tableStartedBy(line: string): SocketProtocol | undefined {
  if (line.startsWith(UNIX_HEADER)) {
    return 'unix';
  }
  const header = INTERNET_HEADER.exec(line);
  if (header === null) {
    return undefined;
  }
  const isUdp = line.includes(' drops');
  if (header[1] === 'rem') {
    return isUdp ? 'udp' : 'tcp';
  }
  return isUdp ? 'udp6' : 'tcp6';
}

function internetSocket(
  line: string,
  protocol: Exclude<SocketProtocol, 'unix'>,
  addressOf: (words: string) => string,
  owners: SocketOwners | undefined,
): Socket | undefined {
  const fields = INTERNET.exec(line);
  if (fields === null) {
    return undefined;
  }
  const [, here = '', port = '', there = '', peerPort = '', code = '', sent = '', received = ''] =
    fields;
  const [, timer = '', expiry = '', retransmits = '', uid, inode] = fields.slice(7);
  const stateCode = hex(code);
  const state = isTcp(protocol) ? TCP_STATES[stateCode] : udpState(stateCode);
  if (state === undefined) {
    return undefined;
  }
  return {
    pod: undefined,
    protocol,
    type: undefined,
    state,
    receiveQueue: hex(received),
    sendQueue: state === 'LISTEN' ? undefined : hex(sent),
    local: { address: addressOf(here), port: hex(port), interface: undefined },
    peer: { address: addressOf(there), port: hex(peerPort), interface: undefined },
    dualStack: undefined,
    uid: Number(uid),
    // Sockets that no process holds any more, for example in TIME_WAIT, have inode 0.
    inode: Number(inode) || undefined,
    timer: timerOf(timer, expiry, retransmits),
    processes: owners?.get(Number(inode)),
  };
}

/** UDP uses the codes of TCP: 1 if connect() was called, otherwise 7. */
function udpState(code: number): UdpState {
  return code === 1 ? 'ESTABLISHED' : 'UNCONN';
}

function unixSocket(line: string, owners: SocketOwners | undefined): Socket | undefined {
  const [, flags, type, code, digits, path = ''] = UNIX.exec(line) ?? [];
  if (flags === undefined || type === undefined || code === undefined) {
    return undefined;
  }
  const state = hex(flags) & ACCEPTS_CONNECTIONS ? 'LISTENING' : UNIX_STATES[hex(code)];
  if (state === undefined) {
    return undefined;
  }
  const inode = Number(digits);
  return {
    pod: undefined,
    protocol: 'unix',
    type: UNIX_TYPES.get(hex(type)),
    state,
    receiveQueue: undefined,
    sendQueue: undefined,
    local: { path, inode },
    peer: { path: '', inode: 0 },
    dualStack: undefined,
    uid: undefined,
    inode: inode || undefined,
    timer: undefined,
    processes: owners?.get(inode),
  };
}

function timerOf(code: string, ticks: string, retransmits: string): SocketTimer | undefined {
  const name = TIMERS[Number(code)];
  return name === undefined
    ? undefined
    : { name, expiresInSeconds: hex(ticks) / TICKS_PER_SECOND, retransmits: hex(retransmits) };
}

/** Creates a parser for addresses as the kernel prints them. It returns the same string for equal addresses. */
function addressReader(): (words: string) => string {
  const known = new Map<string, string>();
  return (words) => {
    const found = known.get(words);
    if (found !== undefined) {
      return found;
    }
    const bytes = addressBytes(words);
    const address = bytes.length === 4 ? bytes.join('.') : ipv6Text(bytes);
    // Limits the memory for endless addresses. The first ones are as likely to occur again as any others.
    if (known.size < 4096) {
      // Copy the key: a slice would keep the whole chunk that it is from in memory.
      known.set(Buffer.from(words).toString(), address);
    }
    return address;
  };
}

/**
 * The bytes of an address in network order. The kernel prints 32-bit words in the byte order of the machine, which is
 * little-endian on all supported architectures (amd64, arm64).
 */
function addressBytes(words: string): Buffer {
  return Buffer.from(words, 'hex').swap32();
}

/** RFC 5952: the longest run of zero groups is omitted, and IPv4-mapped addresses end in dotted form. */
function ipv6Text(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2));
  const text = groups.map((group) => group.toString(16)).join(':');
  if (text.startsWith('0:0:0:0:0:ffff:')) {
    return `::ffff:${bytes.subarray(12).join('.')}`;
  }
  const runs = text.match(/(?:^|:)0(?::0)+(?::|$)/g) ?? [];
  const [longest] = runs.sort((a, b) => b.length - a.length);
  return longest === undefined ? text : text.replace(longest, '::');
}

function hex(digits: string): number {
  return Number.parseInt(digits, 16);
}

const DESCRIPTORS_OF = /^\/proc\/(\d+)\/fd:$/;
const SOCKET_DESCRIPTOR = / (\d+) -> socket:\[(\d+)\]$/;
/** The name may contain spaces and parentheses. The state after it is one letter. */
const STAT = /^(\d+) \((.*)\) [A-Za-z] /;

/** Parses the process in a line of /proc/PID/stat. */
export function parseStat(line: string): { pid: number; name: string } | undefined {
  const [, pid, name] = STAT.exec(line) ?? [];
  return name === undefined ? undefined : { pid: Number(pid), name };
}

export interface DescriptorListing {
  readonly addLine: (line: string) => void;
  readonly owners: SocketOwners;
}

/** Parses the lines of `descriptorsCommand`, as GNU ls and busybox ls print them. */
export function descriptorListing(names: ReadonlyMap<number, string>): DescriptorListing {
  const owners = new Map<number, SocketProcess[]>();
  let pid: number | undefined;
  const addLine = (line: string) => {
    if (line.endsWith(':')) {
      const [, digits] = DESCRIPTORS_OF.exec(line) ?? [];
      pid = digits === undefined ? undefined : Number(digits);
      return;
    }
    const [, fd, digits] = SOCKET_DESCRIPTOR.exec(line) ?? [];
    if (pid === undefined || fd === undefined) {
      return;
    }
    const inode = Number(digits);
    const owner = { pid, name: names.get(pid) ?? '?', fd: Number(fd) };
    const others = owners.get(inode);
    if (others === undefined) {
      owners.set(inode, [owner]);
    } else {
      others.push(owner);
    }
  };
  return { addLine, owners };
}
