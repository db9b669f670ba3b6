import type { Conversation } from '../conversation.ts';
import type { TcpConnection } from '../tcp/tcpConnection.ts';
import type { Finder } from './finder.ts';

/** Requests without an answer, and answers without a request, that are remembered. */
const MAX_REMEMBERED = 10_000;

interface Remembered {
  readonly conversation: Conversation;
  readonly tcp: TcpConnection;
}

/**
 * Finds answers from another address than the one that was asked: a service's address was translated on
 * the way there and not on the way back, and the client resets a connection that it never opened.
 */
export class NatSkipped {
  readonly #unanswered = new Map<string, Remembered>();
  readonly #unasked: Remembered[] = [];

  add(conversation: Conversation, tcp: TcpConnection): void {
    const { client, server } = tcp;
    if (client.syns > 0 && server.syns === 0) {
      if (this.#unanswered.size < MAX_REMEMBERED)
        this.#unanswered.set(keyOf(conversation, client.baseSequence), { conversation, tcp });
    } else if (client.syns === 0 && server.syns > 0 && this.#unasked.length < MAX_REMEMBERED)
      this.#unasked.push({ conversation, tcp });
  }

  /** Adds what was found; gives the conversations that it explains. */
  finish(finder: Finder): ReadonlySet<Conversation> {
    const explained = new Set<Conversation>();
    for (const { conversation, tcp } of this.#unasked) {
      const asked = this.#unanswered.get(keyOf(conversation, tcp.client.baseSequence));
      if (!asked || asked.conversation.server.address === conversation.server.address) continue;
      explained.add(asked.conversation);
      explained.add(conversation);
      const group = finder.group('nat-skipped', asked.conversation, conversation.server.address);
      group?.note.add(asked.tcp.client.synPacket, asked.tcp.client.synTime);
      group?.note.add(tcp.server.synPacket, tcp.server.synTime);
      group?.words.set('answered', finder.endpoint(conversation.server));
      group?.words.set('answerAddress', conversation.server.address);
    }
    return explained;
  }
}

/** The client's end, and the first sequence number it sent. */
function keyOf({ client, interfaceIndex }: Conversation, sequence: number): string {
  return `${interfaceIndex} ${client.address} ${client.port} ${sequence}`;
}
