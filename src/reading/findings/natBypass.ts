import type { Tunnel } from '../../packets/packet.ts';
import type { Conversation, Endpoint } from '../conversation.ts';
import type { TcpConnection } from '../tcp/tcpConnection.ts';
import type { TcpSide } from '../tcp/tcpSide.ts';
import type { Finder } from './finder.ts';

/** The maximum number of unanswered requests to remember, and of answers without a request. */
const MAX_REMEMBERED = 10_000;

/** A connection of which only one direction was seen. */
interface HalfConnection {
  readonly serial: number;
  readonly client: Endpoint;
  readonly server: Endpoint;
  readonly interfaceIndex: number;
  readonly tunnel: Tunnel;
  /** The initial sequence number of the client. */
  readonly clientStart: number;
  readonly synPacket: number;
  readonly synTime: number;
}

/**
 * Finds answers from another address than the request was sent to: the address of a service was translated in one
 * direction only, so the client resets a connection that it never opened.
 */
export class NatBypassDetector {
  readonly #unanswered = new Map<string, HalfConnection>();
  readonly #unsolicited: HalfConnection[] = [];

  add(conversation: Conversation, { client, server }: TcpConnection): void {
    if (client.syns > 0 && server.syns === 0) {
      if (this.#unanswered.size >= MAX_REMEMBERED) return;
      const unanswered = halfOf(conversation, client.baseSequence, client);
      this.#unanswered.set(keyOf(unanswered), unanswered);
    } else if (client.syns === 0 && server.syns > 0 && this.#unsolicited.length < MAX_REMEMBERED)
      this.#unsolicited.push(halfOf(conversation, client.baseSequence, server));
  }

  /** Adds the findings. Returns the serial numbers of the conversations that they explain. */
  finish(finder: Finder): ReadonlySet<number> {
    const explained = new Set<number>();
    for (const unsolicited of this.#unsolicited) {
      const unanswered = this.#unanswered.get(keyOf(unsolicited));
      if (!unanswered || unanswered.server.address === unsolicited.server.address) continue;
      explained.add(unanswered.serial);
      explained.add(unsolicited.serial);
      const group = finder.group('nat-skipped', unanswered, unsolicited.server.address);
      group?.note.add(unanswered.synPacket, unanswered.synTime);
      group?.note.add(unsolicited.synPacket, unsolicited.synTime);
      group?.words.set('answered', finder.endpoint(unsolicited.server));
      group?.words.set('answerAddress', unsolicited.server.address);
    }
    return explained;
  }
}

function halfOf(
  { serial, client, server, interfaceIndex, tunnel }: Conversation,
  clientStart: number,
  { synPacket, synTime }: TcpSide,
): HalfConnection {
  return { serial, client, server, interfaceIndex, tunnel, clientStart, synPacket, synTime };
}

/** The client's endpoint and initial sequence number. */
function keyOf({ client, interfaceIndex, clientStart }: HalfConnection): string {
  return `${interfaceIndex} ${client.address} ${client.port} ${clientStart}`;
}
