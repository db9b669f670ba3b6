import { type Conversation, protocolName } from '../../../../src/reading/conversation.ts';
import { truthFiles } from './captures.ts';
import { Comparison } from './facts.ts';
import type { Ours } from './ours.ts';
import { readZeekLog, type ZeekRow } from './zeekLogs.ts';

/** Rows of one 5-tuple: Zeek starts a new one after a timeout. */
interface Context {
  readonly rows: readonly ZeekRow[];
  readonly conversations: readonly Conversation[];
  /** Another log of the same capture has netdebug's value: an option of that test changed this one. */
  readonly isContradicted: boolean;
  readonly ours: Ours;
}

const FIELDS = ['orig_pkts', 'orig_ip_bytes', 'resp_pkts', 'resp_ip_bytes'] as const;

/** Zeek forgets an idle UDP or ICMP conversation after 1 min, TCP after 5 min, or 5 s after its end. */
const ZEEK_IDLE_NS = 5e9;

export function zeekComparison() {
  return new Comparison<Context>([
    {
      why: 'Zeek splits the conversation after a timeout (5 s after its end, 1 min or 5 min of silence)',
      explains: (_fact, { rows, conversations }) =>
        rows.length > 1 && conversations.some(({ start, end }) => end - start > ZEEK_IDLE_NS),
    },
    {
      why: 'Zeek counts a datagram in fragments once, with one header; we count its packets',
      explains: ({ field }, { conversations }) =>
        field !== 'conn_state' && conversations.some(({ fragments }) => fragments > 0),
    },
    {
      why: 'logs of the same capture contradict each other: an option of that Zeek test',
      explains: (_fact, { isContradicted }) => isContradicted,
    },
    {
      why: 'a frame inside GRE that is not Ethernet, IP or PPP (IEEE 802.11)',
      explains: ({ ours }, { ours: { conversations } }) =>
        ours === 'absent' && conversations.length === 0,
    },
  ]);
}

/** Compares conversations with all of Zeek's connection logs for a capture. */
export function compareZeek(comparison: Comparison<Context>, capture: string, ours: Ours): void {
  const logs = truthFiles(capture, /^\.conn[.\d]*\.log$/).map((path) =>
    rowsByTuple(readZeekLog(path)),
  );
  const ownConversations = conversationsByTuple(ours.conversations);
  const valueIn = (log: ReadonlyMap<string, ZeekRow[]>, tuple: string, field: string) =>
    sumOf(log.get(tuple) ?? log.get(reversed(tuple)) ?? [], field);
  for (const log of logs) {
    for (const [tuple, rows] of log) {
      const straight = ownConversations.get(tuple);
      const conversations = straight ?? ownConversations.get(reversed(tuple)) ?? [];
      const isTurned = straight === undefined;
      for (const field of ['conn_state', ...FIELDS]) {
        const theirs = sumOf(rows, field);
        if (theirs === undefined) continue;
        const mine =
          conversations.length === 0 ? 'absent' : ourValue(conversations, field, isTurned);
        const isContradicted = logs.some(
          (otherTuple) =>
            otherTuple !== log &&
            valueIn(otherTuple, tuple, field) === ourValue(conversations, field, false),
        );
        const fact = { capture, subject: tuple, field, ours: mine, theirs };
        comparison.add(fact, { rows, conversations, isContradicted, ours });
      }
    }
  }
}

function rowsByTuple(rows: readonly ZeekRow[]): Map<string, ZeekRow[]> {
  const groups = new Map<string, ZeekRow[]>();
  for (const row of rows) {
    const ends = ['id.orig_h', 'id.orig_p', 'id.resp_h', 'id.resp_p'].map((field) =>
      row.get(field),
    );
    const protocol = row.get('proto');
    if (protocol === undefined || ends.includes(undefined)) continue;
    const tuple = [protocol, ...ends].join(' ');
    groups.set(tuple, [...(groups.get(tuple) ?? []), row]);
  }
  return groups;
}

function conversationsByTuple(conversations: readonly Conversation[]) {
  const groups = new Map<string, Conversation[]>();
  for (const conversation of conversations) {
    const { client, server, protocol } = conversation;
    const name = protocolName(protocol).replace('icmpv6', 'icmp');
    const tuple = [name, client.address, client.port, server.address, server.port].join(' ');
    groups.set(tuple, [...(groups.get(tuple) ?? []), conversation]);
  }
  return groups;
}

function reversed(tuple: string): string {
  const [protocol, client, clientPort, server, serverPort] = tuple.split(' ');
  return [protocol, server, serverPort, client, clientPort].join(' ');
}

/** A sum over all rows, or the state of the first one; undefined if the log lacks the field. */
function sumOf(rows: readonly ZeekRow[], field: string): string | undefined {
  const values = rows.map((row) => row.get(field)).filter((value) => value !== undefined);
  if (values.length === 0) return undefined;
  if (field === 'conn_state') return values[0];
  return String(values.reduce((sum, value) => sum + Number(value), 0));
}

function ourValue(
  conversations: readonly Conversation[],
  field: string,
  isTurned: boolean,
): string {
  if (field === 'conn_state') return conversations[0]?.state ?? 'absent';
  const isOrigin = field.startsWith('orig') !== isTurned;
  const isPackets = field.endsWith('pkts');
  const sum = conversations.reduce((total, conversation) => {
    const { clientPackets, serverPackets, clientBytes, serverBytes } = conversation;
    const packets = isOrigin ? clientPackets : serverPackets;
    return total + (isPackets ? packets : isOrigin ? clientBytes : serverBytes);
  }, 0);
  return String(sum);
}
