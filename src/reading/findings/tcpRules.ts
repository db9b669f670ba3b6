import type { Conversation } from '../conversation.ts';
import { Note } from '../notes.ts';
import type { Reset, TcpConnection } from '../tcp/tcpConnection.ts';
import type { TcpSide } from '../tcp/tcpSide.ts';
import type { Finder } from './finder.ts';
import type { FindingKind } from './finding.ts';

/** How long to wait for an answer before a SYN counts as unanswered. Nanoseconds. */
const SYN_TIMEOUT_NS = 1e9;
/** After this much silence, devices on the path may have forgotten the connection. */
const IDLE_NS = 60e9;
/** A segment that is repeated this often without an acknowledgment is probably dropped for its size. */
const BLACK_HOLE_REPEATS = 2;
const BLACK_HOLE_BYTES = 1_000;
const SILENT_REPEATS = 3;
/** Fewer are normal. */
const MIN_RETRANSMISSIONS = 2;
const MANY_RETRANSMISSIONS = 10;
const RETRANSMISSION_SHARE = 0.01;
const MIN_OUT_OF_ORDER = 5;
const OUT_OF_ORDER_SHARE = 0.01;

/** Checks a TCP connection for problems. `end` is the end of the capture so far. */
export function checkTcp(
  finder: Finder,
  conversation: Conversation,
  tcp: TcpConnection,
  end: number,
): void {
  checkOpening(finder, conversation, tcp, end);
  checkLoss(finder, conversation, tcp);
  checkReset(finder, conversation, tcp);
  checkWindows(finder, conversation, tcp);
}

function checkOpening(
  finder: Finder,
  conversation: Conversation,
  tcp: TcpConnection,
  end: number,
): void {
  const { client, server } = tcp;
  const { state } = conversation;
  if (client.syns === 0) return;
  const syns = new Note();
  syns.add(client.synPacket, client.synTime);
  syns.count = client.syns;
  syns.lastTime = client.lastSynTime;
  if (state === 'S0' && (client.syns > 1 || end - client.lastSynTime > SYN_TIMEOUT_NS)) {
    const group = add(finder, 'syn-unanswered', conversation, syns);
    group?.sum('syns', client.syns);
  } else if (state === 'REJ' && server.syns === 0) {
    add(finder, 'connection-refused', conversation, conversation.noteOf('reset') ?? syns);
  } else if (client.syns > 1 && server.syns > 0) {
    const isReuse = tcp.reusedAfter >= 0;
    const group = add(finder, isReuse ? 'port-reused' : 'syn-retried', conversation, syns);
    group?.max('syns', client.syns);
    group?.max('waited', client.lastSynTime - client.synTime);
    group?.max('reusedAfter', tcp.reusedAfter);
  }
}

function checkLoss(finder: Finder, conversation: Conversation, tcp: TcpConnection): void {
  if (!tcp.isEstablished && tcp.client.dataSegments + tcp.server.dataSegments === 0) return;
  for (const side of [tcp.client, tcp.server]) checkStalled(finder, conversation, tcp, side);
  const { client, server } = tcp;
  const lostSegments = lostSegmentsOf(client) + lostSegmentsOf(server);
  const spurious = client.spuriousRetransmissions + server.spuriousRetransmissions;
  const segments = client.dataSegments + server.dataSegments;
  const repeated = conversation.noteOf('retransmission');
  const isMuch =
    lostSegments >= MANY_RETRANSMISSIONS ||
    (lostSegments >= MIN_RETRANSMISSIONS &&
      lostSegments / Math.max(1, segments) >= RETRANSMISSION_SHARE);
  if (repeated && isMuch) {
    const group = add(finder, 'retransmissions', conversation, repeated, lostSegments + spurious);
    group?.sum('retransmissions', lostSegments);
    group?.sum('fast', client.fastRetransmissions + server.fastRetransmissions);
    group?.sum('spurious', spurious);
    group?.sum('segments', segments);
    group?.sum('fromClient', lostSegmentsOf(client));
    group?.sum('fromServer', lostSegmentsOf(server));
  }
  const disordered = client.outOfOrder + server.outOfOrder;
  const late = conversation.noteOf('out-of-order');
  if (late && disordered >= MIN_OUT_OF_ORDER && disordered / segments >= OUT_OF_ORDER_SHARE)
    add(finder, 'out-of-order', conversation, late)?.sum('segments', segments);
  const missing = conversation.noteOf('lost');
  if (missing) add(finder, 'segments-not-captured', conversation, missing);
}

/** Checks for a segment that was sent repeatedly and never acknowledged. */
function checkStalled(
  finder: Finder,
  conversation: Conversation,
  tcp: TcpConnection,
  side: TcpSide,
): void {
  const { repeats, repeatedLength, largestAcked } = side;
  const peer = side === tcp.client ? tcp.server : tcp.client;
  const repeated = conversation.noteOf('retransmission');
  if (!repeated || repeats < BLACK_HOLE_REPEATS) return;
  const isLarge = repeatedLength >= BLACK_HOLE_BYTES && repeatedLength > largestAcked;
  if (isLarge && tcp.isEstablished) {
    const group = add(finder, 'mtu-black-hole', conversation, repeated, repeats + 1);
    group?.max('length', repeatedLength);
    group?.max('acked', largestAcked);
    group?.max('peerSize', peer.maximumSegmentSize);
    group?.words.set('sender', side === tcp.client ? 'client' : 'server');
    if (peer.lastTime < side.repeatedTime) group?.words.set('silent', 'yes');
  } else if (repeats >= SILENT_REPEATS) {
    const group = add(finder, 'peer-stopped-answering', conversation, repeated, repeats + 1);
    group?.words.set('silent', side === tcp.client ? 'server' : 'client');
  }
}

function checkReset(finder: Finder, conversation: Conversation, tcp: TcpConnection): void {
  const { reset } = tcp;
  const note = conversation.noteOf('reset');
  if (!reset || !note || !wasInUse(tcp)) return;
  // A host that receives data after it closed its socket sends a reset, which is normal.
  const receiver = reset.byClient ? tcp.server : tcp.client;
  const sender = reset.byClient ? tcp.client : tcp.server;
  const isForged = reset.usualTtl >= 0 && Math.abs(reset.ttl - reset.usualTtl) > 1;
  if ((receiver.fins > 0 || sender.fins > 0) && !isForged) return;
  const isIdle = reset.silence >= IDLE_NS;
  const kind = isForged ? 'reset-by-middlebox' : isIdle ? 'idle-reset' : 'connection-reset';
  const by = reset.byClient ? 'client' : 'server';
  const group = add(finder, kind, conversation, note, 1, by);
  group?.words.set('by', by);
  if (group) describeReset(group.numbers, group.words, reset, tcp);
}

function describeReset(
  numbers: Map<string, number>,
  words: Map<string, string>,
  reset: Reset,
  tcp: TcpConnection,
): void {
  numbers.set('silence', Math.max(numbers.get('silence') ?? 0, reset.silence));
  numbers.set('ttl', reset.ttl);
  numbers.set('usualTtl', reset.usualTtl);
  if (reset.text !== '') words.set('text', reset.text);
  const hasHello = tcp.client.payloadBytes > 0 && tcp.server.payloadBytes === 0;
  if (hasHello) words.set('unanswered', 'yes');
}

/**
 * Receive buffers may be full for a moment. After 200 ms, the minimum timeout of Linux, the sender probes the window.
 */
const MIN_CLOSED_NS = 200e6;
/** The share of a connection's time that it must be stalled to matter. */
const MIN_CLOSED_SHARE = 0.01;

function checkWindows(finder: Finder, conversation: Conversation, tcp: TcpConnection): void {
  const full = conversation.noteOf('zero-window');
  if (!full) return;
  const closedTime = (side: TcpSide) =>
    side.closedTime + (side.closedSince < 0 ? 0 : conversation.end - side.closedSince);
  const [client, server] = [closedTime(tcp.client), closedTime(tcp.server)];
  const lasted = conversation.end - conversation.start;
  if (Math.max(client, server) < Math.max(MIN_CLOSED_NS, lasted * MIN_CLOSED_SHARE)) return;
  const group = add(finder, 'zero-window', conversation, full);
  group?.words.set('receiver', client > server ? 'client' : 'server');
  group?.sum('closed', Math.max(client, server));
}

function add(
  finder: Finder,
  kind: FindingKind,
  conversation: Conversation,
  note: Note,
  count = note.count,
  distinction = '',
) {
  const group = finder.group(kind, conversation, distinction);
  group?.note.merge(note);
  group?.sum('count', count);
  return group;
}

/** Whether the connection was established: its handshake was captured, or both ends sent data. */
function wasInUse(tcp: TcpConnection): boolean {
  const { client, server } = tcp;
  return tcp.isEstablished || (client.dataSegments > 0 && server.dataSegments > 0);
}

function lostSegmentsOf(side: TcpSide): number {
  return side.retransmissions + side.fastRetransmissions;
}
