import { isListening, type Socket, type SocketList, type SocketState } from '../tools/socket.ts';
import { endpointText } from './endpoint.ts';

export type SocketChange =
  | { readonly kind: 'added' | 'removed'; readonly socket: Socket }
  | { readonly kind: 'changed'; readonly socket: Socket; readonly previousState: SocketState };

/**
 * What happened between two lists: sockets that came, went, or changed state. Queues change with
 * every packet and are no change here.
 */
export function socketChanges(before: SocketList, after: SocketList): SocketChange[] {
  const previous = new Positions(before);
  const changes: SocketChange[] = [];
  for (const socket of after) {
    const predecessor = previous.take(identityOf(socket));
    if (predecessor === undefined) {
      changes.push({ kind: 'added', socket });
    } else if (isAnother(predecessor, socket)) {
      changes.push({ kind: 'removed', socket: predecessor }, { kind: 'added', socket });
    } else if (predecessor.state !== socket.state) {
      changes.push({ kind: 'changed', socket, previousState: predecessor.state });
    }
  }
  for (const socket of previous.remaining()) {
    changes.push({ kind: 'removed', socket });
  }
  return changes;
}

/** Where in a list the sockets with an identity are. Positions, not sockets: there can be very many. */
class Positions {
  readonly #sockets: SocketList;
  readonly #latest = new Map<string, number>();
  /** By position, the one before it with the same identity. */
  readonly #earlier: number[] = [];

  constructor(sockets: SocketList) {
    this.#sockets = sockets;
    for (const socket of sockets) {
      const identity = identityOf(socket);
      const position = this.#earlier.push(this.#latest.get(identity) ?? NONE) - 1;
      this.#latest.set(identity, position);
    }
  }

  take(identity: string): Socket | undefined {
    const position = this.#latest.get(identity) ?? NONE;
    const earlier = this.#earlier[position] ?? NONE;
    if (earlier === NONE) {
      this.#latest.delete(identity);
    } else {
      this.#latest.set(identity, earlier);
    }
    return position === NONE ? undefined : this.#sockets.at(position);
  }

  *remaining(): Generator<Socket> {
    for (const identity of this.#latest.keys()) {
      for (let socket = this.take(identity); socket !== undefined; socket = this.take(identity)) {
        yield socket;
      }
    }
  }
}

const NONE = -1;

/**
 * Both ends name a connection for as long as it lives; its inode does not, it is gone in
 * TIME_WAIT. Listeners can share a port (SO_REUSEPORT): those are told apart by inode, or counted
 * where it is not known.
 */
function identityOf(socket: Socket): string {
  const { pod = '', protocol, local, peer, inode = '' } = socket;
  const ends = `${pod} ${protocol} ${endpointText(local)} ${endpointText(peer)}`;
  return isListening(socket) ? `${ends} ${inode}` : ends;
}

/** The same two ends, but a new connection between them. */
function isAnother(a: Socket, b: Socket): boolean {
  return a.inode !== undefined && b.inode !== undefined && a.inode !== b.inode;
}
