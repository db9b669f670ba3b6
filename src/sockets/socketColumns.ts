import type { Column } from '../output/table.ts';
import type { Socket } from '../tools/socket.ts';
import { endpointText, localText } from './endpoint.ts';

const POD: Column<Socket> = { header: 'POD', cell: (socket) => socket.pod ?? '' };
const PROCESS: Column<Socket> = {
  header: 'PID/PROGRAM',
  cell: processesText,
};

/** The columns of netstat, in its order. */
const NETSTAT: readonly Column<Socket>[] = [
  { header: 'PROTO', cell: protocolText },
  { header: 'RECV-Q', cell: (socket) => socket.receiveQueue ?? '-' },
  { header: 'SEND-Q', cell: (socket) => socket.sendQueue ?? '-' },
  { header: 'LOCAL ADDRESS', cell: localText },
  { header: 'FOREIGN ADDRESS', cell: (socket) => endpointText(socket.peer) },
  { header: 'STATE', cell: (socket) => socket.state },
];

const DETAILS: readonly Column<Socket>[] = [
  // Recv-Q and Send-Q of a listener, in words.
  { header: 'ACCEPT QUEUE', cell: acceptQueueText },
  { header: 'UID', cell: (socket) => socket.uid ?? '-' },
  { header: 'INODE', cell: (socket) => socket.inode ?? '-' },
  { header: 'TIMER', cell: timerText },
];

/** The columns of a table of sockets, as `renderSockets` shows them. */
export function socketColumns(options: {
  readonly pods: boolean;
  readonly processes: boolean;
  readonly wide: boolean;
}): Column<Socket>[] {
  return [
    ...(options.pods ? [POD] : []),
    ...NETSTAT,
    ...(options.wide ? DETAILS : []),
    ...(options.processes ? [PROCESS] : []),
  ];
}

/** `tcp6`, `unix-stream`. */
export function protocolText({ protocol, type }: Socket): string {
  return type === undefined ? protocol : `${protocol}-${type}`;
}

/** `7/nginx,8/nginx`, each process once; `-` if none is known, as in netstat. */
export function processesText({ processes = [] }: Socket): string {
  const holders = new Set(processes.map(({ pid, name }) => `${pid}/${name}`));
  return holders.size === 0 ? '-' : [...holders].join(',');
}

function acceptQueueText(socket: Socket): string {
  const { state, receiveQueue, sendQueue } = socket;
  if ((state !== 'LISTEN' && state !== 'LISTENING') || receiveQueue === undefined) {
    return '-';
  }
  return sendQueue === undefined ? `${receiveQueue}` : `${receiveQueue} of ${sendQueue}`;
}

function timerText({ timer }: Socket): string {
  return timer === undefined
    ? '-'
    : `${timer.name} ${timer.expiresInSeconds.toFixed(1)}s, ${timer.retransmits} retransmits`;
}
