import type { Conversation, Endpoint } from '../conversation.ts';
import type { PacketTraces } from './packetTraces.ts';
import { ConversationTrace } from './packetTraces.ts';

/**
 * A conversation at one point, with only the properties that are needed to find it at another point. Small, because
 * there may be many.
 */
export class PointView {
  readonly protocol: number;
  readonly interfaceIndex: number;
  readonly client: Endpoint;
  readonly server: Endpoint;
  /** Serial number of the conversation. */
  readonly serial: number;
  readonly trace: ConversationTrace;
  /** The sequence numbers of the SYNs; undefined if there were none. */
  readonly clientStart: number | undefined;
  readonly serverStart: number | undefined;
  /** The TTL of the client's packets; -1 if unknown. */
  readonly ttl: number;
  /**
   * The time from the client's first packet to the server's first packet, which is longer closer to the client.
   * Nanoseconds.
   */
  readonly answerDelay: number;
  readonly start: number;
  readonly isAnswered: boolean;
  /** Whether some of its packets were fragments, which are not remembered. */
  readonly isFragmented: boolean;

  constructor(conversation: Conversation, traces: PacketTraces) {
    const { tcp } = conversation;
    this.protocol = conversation.protocol;
    this.interfaceIndex = conversation.interfaceIndex;
    this.client = conversation.client;
    this.server = conversation.server;
    this.serial = conversation.serial;
    this.start = conversation.start;
    this.trace = conversation.trace ?? new ConversationTrace();
    this.clientStart = tcp && tcp.client.syns > 0 ? tcp.client.baseSequence : undefined;
    this.serverStart = tcp && tcp.server.syns > 0 ? tcp.server.baseSequence : undefined;
    const { client, server } = this.trace;
    this.ttl = client.ttl;
    this.isAnswered = conversation.serverPackets > 0;
    this.isFragmented = conversation.fragments > 0;
    const isAnswered = client.head >= 0 && server.head >= 0;
    // If there is no answer here, it was lost before this point, so this point is closer to the client.
    this.answerDelay = isAnswered
      ? traces.time(server.head) - traces.time(client.head)
      : Number.POSITIVE_INFINITY;
  }

  /** Its two endpoints, as in its packets. */
  get tuple(): string {
    const ends = [this.client, this.server].map(({ address, port }) => `${address} ${port}`);
    return `${this.protocol} ${ends.sort().join(' ')}`;
  }
}

/** Whether both have the same address and port. */
export function isSameEnd(a: Endpoint, b: Endpoint): boolean {
  return a.address === b.address && a.port === b.port;
}

/** Addresses that routers do not forward: link-local, multicast, broadcast, unspecified (RFC 6890, RFC 4291). */
const LINK_LOCAL =
  /^(?:169\.254\.|22[4-9]\.|23\d\.|255\.255\.255\.255$|0\.0\.0\.0$|127\.|fe[89ab]|ff|::1?$)/;

/** Whether other points can see the conversation too. */
export function isRouted({ client, server }: PointView): boolean {
  return !LINK_LOCAL.test(client.address) && !LINK_LOCAL.test(server.address);
}

/** If the delays of two points differ by less, their order is unknown. Nanoseconds. */
const SAME_PLACE_NS = 2_000;

/** Whether it is unknown which point is closer to the client. */
export function isSamePlace(a: PointView, b: PointView): boolean {
  if (a.ttl !== b.ttl) return false;
  const difference = Math.abs(a.answerDelay - b.answerDelay);
  return Number.isNaN(difference) || difference < SAME_PLACE_NS;
}
