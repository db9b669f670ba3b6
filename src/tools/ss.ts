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
 * The ss (iproute2 ≥ 4.16) command for a selection, to be run directly. Where ss is missing or
 * too old it exits non-zero: read /proc/net instead.
 */
export function ssCommand(selection: Selection): string[] {
  const { tcp, udp, unix, ipv4, ipv6, details, processes } = selection;
  return [
    'ss',
    // ss never wraps lines in a pipe, so there is no need for the -O that only newer ones have.
    '--no-header',
    '--numeric',
    selection.states === 'all' ? '--all' : '--listening',
    ...flag('--tcp', tcp),
    ...flag('--udp', udp),
    ...flag('--unix', unix),
    // Of two families ss takes the last, and unix is one: then the choice is made afterwards. That of IPv4
    // always is, since IPv6 sockets may take IPv4 as well.
    ...flag('--ipv6', ipv6 && !ipv4 && !unix),
    // With very many sockets each of these takes its time, in the pod.
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
/** The same, but paths may hold anything, newlines too, and an inode stands in the place of the port. */
const UNIX =
  /^u_(str|dgr|seq) +([A-Z][A-Z0-9-]+) +(\d+) +(\d+) +(.*?) +(\d+) +(\*|[/@].*?) +(\d+) *((?:users:|uid:|ino:|peers:|[<-]-[->]).*)?$/s;
/** A name may hold anything, so an entry only ends where the next one or the list's end follows. */
const USER = /\("(.*?)",pid=(\d+),fd=(\d+)\)(?=,\("|\))/y;
const USERS = 'users:(';
const TIMER = /(?:^| )timer:\((\w+),([^,]*),(\d+)\)/;
const UID = /(?:^| )uid:(\d+)/;
const INODE = /(?:^| )ino:(\d+)/;
const ENDPOINT = /^(?:\[(.+)\]|([^%[\]]+?))(?:%(.+))?:(\d+|\*)$/;
/** `1min59sec`, `30sec`, `744ms`, and `1.368ms`, by which ss means 1.368 s. */
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
 * A parser for the lines that `ssCommand(selection)` prints: undefined for one it cannot read.
 * `owners` is who holds each inode, where that comes from elsewhere: with 120,000 sockets ss itself
 * took 4.5 s for --processes, and --extended with a listing of the descriptors 1.1 s.
 */
export function ssLineParser(
  selection: Selection,
  owners?: SocketOwners,
): (line: string) => Socket | null | undefined {
  // ss leaves the Netid column out where only one kind can occur.
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
    // Bound to any address, it prints `*` where IPv4 is taken, too, and `[::]` where it is not.
    dualStack: local.address === '::' ? here.startsWith('*') : undefined,
    // ss leaves the owner out when it is root.
    uid: inode === undefined ? undefined : Number(UID.exec(details)?.[1] ?? 0),
    // Sockets that no process holds any more, as in TIME_WAIT, have inode 0.
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
    // What ss calls ino here is the file's.
    inode: Number(inode),
    timer: undefined,
    processes: processes ?? owners?.get(Number(inode)),
  };
}

/** Reads `10.0.0.1:80`, `0.0.0.0%eth0:68`, `[fe80::1]%eth0:546`, and `*:80` for any IPv6 or IPv4. */
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

/** The processes, and what follows them: a process may call itself `x ino:1`. */
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
