import type { SocketList, SocketProtocol, SocketState } from '../tools/socket.ts';
import { isTcp } from '../tools/socket.ts';

export type StateCounts = Partial<Record<SocketState, number>>;

/** The numbers of sockets by several properties, for lists that are too long to read. All are sorted by count. */
export interface SocketSummary {
  readonly total: number;
  readonly states: readonly { protocol: SocketProtocol; state: SocketState; count: number }[];
  /** Connections by remote address. An IPv4-mapped address counts as IPv4. */
  readonly peers: readonly { address: string; count: number; states: StateCounts }[];
  /** Connections by the local TCP port that accepted them. Includes listening ports without connections. */
  readonly localPorts: readonly { port: number; count: number; states: StateCounts }[];
}

export function summarizeSockets(sockets: SocketList): SocketSummary {
  const states = new Map<string, { protocol: SocketProtocol; state: SocketState; count: number }>();
  const peers = new Map<string, Tally>();
  const localPorts = new Map<number, Tally>();
  for (const { state, local } of sockets) {
    if (state === 'LISTEN' && 'port' in local) {
      localPorts.set(local.port, newTally());
    }
  }
  for (const { protocol, state, local, peer } of sockets) {
    const ofState = entry(states, `${protocol} ${state}`, () => ({ protocol, state, count: 0 }));
    ofState.count += 1;
    if ('path' in peer || 'path' in local || peer.port === 0) {
      continue;
    }
    count(entry(peers, withoutIpv4Mapping(peer.address), newTally), state);
    const port = isTcp(protocol) ? localPorts.get(local.port) : undefined;
    if (port !== undefined) {
      count(port, state);
    }
  }
  return {
    total: sockets.length,
    states: byCount([...states.values()]),
    peers: byCount([...peers].map(([address, tally]) => ({ address, ...tally }))),
    localPorts: byCount([...localPorts].map(([port, tally]) => ({ port, ...tally }))),
  };
}

interface Tally {
  count: number;
  states: StateCounts;
}

function newTally(): Tally {
  return { count: 0, states: {} };
}

function count(tally: Tally, state: SocketState): void {
  tally.count += 1;
  tally.states[state] = (tally.states[state] ?? 0) + 1;
}

function entry<Key, Value>(map: Map<Key, Value>, key: Key, create: () => Value): Value {
  const existing = map.get(key);
  if (existing !== undefined) {
    return existing;
  }
  const created = create();
  map.set(key, created);
  return created;
}

function byCount<Counted extends { readonly count: number }>(counted: Counted[]): Counted[] {
  return counted.sort((a, b) => b.count - a.count);
}

function withoutIpv4Mapping(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}
