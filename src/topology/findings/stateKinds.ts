import { type FaultKind, withCommands } from './kind.ts';

/** States of pods and nodes, and of kernel tables and queues. */
export const STATE_KINDS: Readonly<Record<string, FaultKind>> = {
  'pod-not-running': {
    severity: 'error',
    layer: 1,
    summary: 'A pod at the end of the path is not running.',
    meaning: (v) => `${v('pod')} is in phase ${v('phase')}: it has no network, or does not answer.`,
    fix: (v) =>
      withCommands('see its state and its events', `kubectl describe pod ${v('podFlag')}`),
  },
  'pod-not-ready': {
    severity: 'warning',
    layer: 6,
    summary: 'A pod at the end of the path is not ready.',
    meaning: (v) => `${v('pod')} is not ready: services send it nothing, and it may not answer.`,
    fix: (v) =>
      withCommands(
        'see its readiness probe and its events',
        `kubectl describe pod ${v('podFlag')}`,
      ),
  },
  'node-not-ready': {
    severity: 'warning',
    layer: 6,
    summary: 'A node on the path is not ready.',
    meaning: (v) =>
      `${v('node')} is not ready: its pods are removed from services, and its plugins may not be running.`,
    fix: (v) =>
      withCommands('see its conditions and its events', `kubectl describe node ${v('node')}`),
  },
  'conntrack-full': {
    severity: 'error',
    layer: 4,
    summary: 'The connection tracking table is full, or almost full.',
    meaning: () =>
      'New connections are dropped when the table is full ("nf_conntrack: table full, dropping packet").',
    fix: (v) =>
      withCommands(
        'enlarge the table on the node, and find the source of the connections',
        `sysctl -w net.netfilter.nf_conntrack_max=${v('suggested')}`,
        'kubectl netdebug ports POD --summary',
      ),
  },
  'neighbour-table-full': {
    severity: 'error',
    layer: 4,
    summary: 'The neighbour table is full, or almost full.',
    meaning: () =>
      'New neighbours cannot be added ("neighbour: arp_cache: neighbor table overflow!"): packets to them are dropped.',
    fix: (v) =>
      withCommands(
        'enlarge the table on the node, with gc_thresh2 and gc_thresh1 in proportion',
        `sysctl -w net.${v('family')}.neigh.default.gc_thresh3=${v('suggested')}`,
      ),
  },
  'listen-overflow': {
    severity: 'warning',
    layer: 6,
    summary: 'Connections are waiting for a process that does not accept them.',
    meaning: (v) =>
      `${v('waiting')} connections to port ${v('port')} are waiting to be accepted; ${v('overflows')} were dropped in this network so far.`,
    fix: () =>
      'find out why the process accepts slowly, then use a larger backlog (listen() and net.core.somaxconn)',
  },
  'socket-drops': {
    severity: 'warning',
    layer: 6,
    summary: 'Datagrams were dropped because the queue of a socket was full.',
    meaning: (v) =>
      `${v('drops')} datagrams to port ${v('port')} were dropped because the queue was full.`,
    fix: () =>
      'find out why the process reads slowly, then use a larger buffer (SO_RCVBUF, net.core.rmem_max)',
  },
};
