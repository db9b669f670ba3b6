import type {
  InternetEndpoint,
  Socket,
  SocketOwners,
  SocketProcess,
  SocketTimer,
  TcpState,
  UdpState,
  UnixState,
  UnixType,
} from './socket.ts';
import type { Selection } from './socketSelection.ts';

/**
 * The ss command (iproute2 ≥ 4.16) for a selection. Run it directly. It exits with a code other than 0 if ss is missing
 * or too old; read /proc/net then.
 */
export function ssCommand(selection: Selection): string[] {
  const { tcp, udp, unix, ipv4, ipv6, details, processes } = selection;
  return [
    'ss',
    // ss never wraps lines when it writes to a pipe, so -O, which only newer versions have, is not needed.
    '--no-header',
    '--numeric',
    selection.states === 'all' ? '--all' : '--listening',
    ...flag('--tcp', tcp),
    ...flag('--udp', udp),
    ...flag('--unix', unix),
    // If several families are given, ss uses only the last one, and unix is one of them. In that case sockets are
    // selected afterwards. IPv4 is always selected afterwards, because IPv6 sockets may also accept IPv4.
    ...flag('--ipv6', ipv6 && !ipv4 && !unix),
    // With very many sockets, each of these options takes time in the pod.
    ...flag('--extended', details),
    ...flag('--options', details),
    ...flag('--processes', processes),
  ];
}

function flag(name: string, given: boolean): string[] {
  return given ? [name] : [];
}

/** Netid, State, Recv-Q, Send-Q, Local Address:Port, Peer Address:Port, the rest. */
const INTERNET = /^(?:(tcp|udp) +)?([A-Z][A-Z0-9-]+) +(\d+) +(\d+) +(\S+) +(\S+) *(.*)$/;
/** The same, but paths may contain anything, including newlines, and the port is an inode. */
const UNIX =
  /^u_(str|dgr|seq) +([A-Z][A-Z0-9-]+) +(\d+) +(\d+) +(.*?) +(\d+) +(\*|[/@].*?) +(\d+) *((?:users:|uid:|ino:|peers:|[<-]-[->]).*)?$/s;
/** A name may contain anything, so an entry ends only before the next entry or the end of the list. */
const USER = /\("(.*?)",pid=(\d+),fd=(\d+)\)(?=,\("|\))/y;
const USERS = 'users:(';
const TIMER = /(?:^| )timer:\((\w+),([^,]*),(\d+)\)/;
const UID = /(?:^| )uid:(\d+)/;
const INODE = /(?:^| )ino:(\d+)/;
const ENDPOINT = /^(?:\[(.+)\]|([^%[\]]+?))(?:%(.+))?:(\d+|\*)$/;
/** `1min59sec`, `30sec`, `744ms`, and `1.368ms`, which ss prints for 1.368 s. */
const EXPIRY = /^(?:(\d+)min)?(?:(\d+)(?:sec|\.))?(?:(\d+)ms)?$/;

const TCP_STATES: ReadonlyMap<string, TcpState> = new Map([
  ['ESTAB', 'ESTABLISHED'],
  ['SYN-SENT', 'SYN_SENT'],
  ['SYN-RECV', 'SYN_RECV'],
  ['FIN-WAIT-1', 'FIN_WAIT1'],
  ['FIN-WAIT-2', 'FIN_WAIT2'],
  ['TIME-WAIT', 'TIME_WAIT'],
  ['UNCONN', 'CLOSE'],
  ['CLOSE-WAIT', 'CLOSE_WAIT'],
  ['LAST-ACK', 'LAST_ACK'],
  ['LISTEN', 'LISTEN'],
  ['CLOSING', 'CLOSING'],
]);
const UDP_STATES: ReadonlyMap<string, UdpState> = new Map([
  ['ESTAB', 'ESTABLISHED'],
  ['UNCONN', 'UNCONN'],
]);
const UNIX_STATES: ReadonlyMap<string, UnixState> = new Map([
  ['ESTAB', 'CONNECTED'],
  ['LISTEN', 'LISTENING'],
  ['UNCONN', 'UNCONN'],
]);
const UNIX_TYPES: ReadonlyMap<string, UnixType> = new Map([
  ['str', 'stream'],
  ['dgr', 'dgram'],
  ['seq', 'seqpacket'],
]);

/**
 * Creates a parser for the lines that `ssCommand(selection)` prints. It returns undefined for a line that it cannot
 * parse. `owners` are the processes by inode, if they were read separately: with 120,000 sockets, ss --processes took
 * 4.5 s, and --extended with a separate listing of the descriptors took 1.1 s.
 */
export function ssLineParser(
  selection: Selection,
  owners?: SocketOwners,
): (line: string) => Socket | null | undefined {
  // ss omits the Netid column if only one kind of socket can occur.
  const onlyKind = selection.tcp ? 'tcp' : 'udp';
  return (line) => {
    if (line.trim() === '') {
      return null;
    }
    return line.startsWith('u_')
      ? unixSocket(line, owners)
      : internetSocket(line, onlyKind, owners);
  };
}

function internetSocket(
  line: string,
  onlyKind: 'tcp' | 'udp',
  owners: SocketOwners | undefined,
): Socket | undefined {
  const [, kind = onlyKind, word = '', received, sent, here = '', there = '', rest = ''] =
    INTERNET.exec(line) ?? [];
  const state = kind === 'tcp' ? TCP_STATES.get(word) : UDP_STATES.get(word);
  const local = endpointOf(here);
  const peer = endpointOf(there);
  if (state === undefined || local === undefined || peer === undefined) {
    return undefined;
  }
  const { processes, details } = usersOf(rest);
  const inode = INODE.exec(details)?.[1];
  return {
    pod: undefined,
    protocol: protocolOf(kind === 'tcp', local.address.includes(':')),
    type: undefined,
    state,
    receiveQueue: Number(received),
    sendQueue: Number(sent),
    local,
    peer,
    // For a socket bound to any address, ss prints `*` if it accepts IPv4 too, otherwise `[::]`.
    dualStack: local.address === '::' ? here.startsWith('*') : undefined,
    // ss omits the owner if it is root.
    uid: inode === undefined ? undefined : Number(UID.exec(details)?.[1] ?? 0),
    // Sockets that no process holds any more, for example in TIME_WAIT, have inode 0.
    inode: Number(inode) || undefined,
    timer: timerOf(details),
    processes: processes ?? owners?.get(Number(inode)),
  };
}

function protocolOf(isTcp: boolean, isIpv6: boolean): 'tcp' | 'tcp6' | 'udp' | 'udp6' {
  if (isTcp) {
    return isIpv6 ? 'tcp6' : 'tcp';
  }
  return isIpv6 ? 'udp6' : 'udp';
}

function unixSocket(line: string, owners: SocketOwners | undefined): Socket | undefined {
  const [, kind = '', word = '', received, sent, path, inode, peerPath, peerInode, rest = ''] =
    UNIX.exec(line) ?? [];
  const state = UNIX_STATES.get(word);
  if (state === undefined || path === undefined || peerPath === undefined) {
    return undefined;
  }
  const { processes, details } = usersOf(rest);
  return {
    pod: undefined,
    protocol: 'unix',
    type: UNIX_TYPES.get(kind),
    state,
    receiveQueue: Number(received),
    sendQueue: Number(sent),
    local: { path: path === '*' ? '' : path, inode: Number(inode) },
    peer: { path: peerPath === '*' ? '' : peerPath, inode: Number(peerInode) },
    dualStack: undefined,
    uid: optionalNumber(UID.exec(details)?.[1]),
    // Here `ino` is the inode of the file.
    inode: Number(inode),
    timer: undefined,
    processes: processes ?? owners?.get(Number(inode)),
  };
}

/** Parses `10.0.0.1:80`, `0.0.0.0%eth0:68`, `[fe80::1]%eth0:546`, and `*:80` for any IPv6 or IPv4. */
function endpointOf(text: string): InternetEndpoint | undefined {
  const [, bracketed, plain, zone, port] = ENDPOINT.exec(text) ?? [];
  const address = plain === '*' ? '::' : (bracketed ?? plain);
  return address === undefined
    ? undefined
    : { address, port: port === '*' ? 0 : Number(port), interface: zone };
}

function timerOf(details: string): SocketTimer | undefined {
  const [, name, expiry = '', retransmits] = TIMER.exec(details) ?? [];
  if (name === undefined) {
    return undefined;
  }
  const [, minutes = 0, seconds = 0, milliseconds = 0] = EXPIRY.exec(expiry) ?? [];
  return {
    name,
    expiresInSeconds:
      ((Number(minutes) * 60 + Number(seconds)) * 1000 + Number(milliseconds)) / 1000,
    retransmits: Number(retransmits),
  };
}

/** Splits off the processes first, because a process name may look like a detail, such as `x ino:1`. */
function usersOf(rest: string): { processes: SocketProcess[] | undefined; details: string } {
  if (!rest.startsWith(USERS)) {
    return { processes: undefined, details: rest };
  }
  const processes: SocketProcess[] = [];
  let end = USERS.length;
  USER.lastIndex = end;
  for (let user = USER.exec(rest); user !== null; user = USER.exec(rest)) {
    const [entry, name = '', pid, fd] = user;
    processes.push({ pid: Number(pid), name, fd: Number(fd) });
    end += entry.length + ','.length;
    USER.lastIndex = end;
  }
  return { processes, details: rest.slice(end) };
}

function optionalNumber(digits: string | undefined): number | undefined {
  return digits === undefined ? undefined : Number(digits);
}
