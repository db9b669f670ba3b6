import { Note } from '../notes.ts';
import type { DnsPair } from './dnsTracker.ts';

/** Names kept for each kind of event. */
const MAX_NAMES = 4;

/** One kind of event, summed up over all clients of a server. */
export interface DnsEvents {
  readonly note: Note;
  /** The affected clients. */
  readonly clients: readonly string[];
  /** Some of the names in the questions. */
  readonly names: readonly string[];
  /** Questions of these clients, and how many of them were for AAAA. */
  readonly questions: number;
  readonly aaaaQuestions: number;
  /** Nanoseconds. */
  readonly longestLatency: number;
}

/** A DNS server as seen on one interface, with all its clients. */
export class DnsServer {
  readonly address: string;
  readonly port: number;
  readonly interfaceIndex: number;
  readonly pairs: DnsPair[] = [];

  constructor({ server, serverPort, interfaceIndex }: DnsPair) {
    this.address = server;
    this.port = serverPort;
    this.interfaceIndex = interfaceIndex;
  }

  /** Sums up the notes that `noteOf` returns for each client; undefined if there are no events. */
  events(noteOf: (pair: DnsPair) => Note): DnsEvents | undefined {
    const affected = this.pairs.filter((pair) => noteOf(pair).count > 0);
    if (affected.length === 0) return undefined;
    const note = new Note();
    const names = new Set<string>();
    for (const pair of affected) {
      note.merge(noteOf(pair));
      for (const name of pair.names.get(noteOf(pair)) ?? [])
        if (names.size < MAX_NAMES) names.add(name);
    }
    const sum = (latencyOf: (pair: DnsPair) => number) =>
      affected.reduce((total, pair) => total + latencyOf(pair), 0);
    return {
      note,
      clients: affected.map(({ client }) => client),
      names: [...names],
      questions: sum(({ questions }) => questions),
      aaaaQuestions: sum(({ aaaaQuestions }) => aaaaQuestions),
      longestLatency: Math.max(...affected.map(({ longestLatency }) => longestLatency)),
    };
  }
}

/** The DNS servers with their clients, in the order of their first questions. */
export function dnsServers(pairs: Iterable<DnsPair>): DnsServer[] {
  const servers = new Map<string, DnsServer>();
  for (const pair of pairs) {
    const key = `${pair.interfaceIndex} ${pair.serverPort} ${pair.server}`;
    let server = servers.get(key);
    if (!server) {
      server = new DnsServer(pair);
      servers.set(key, server);
    }
    server.pairs.push(pair);
  }
  return [...servers.values()];
}
