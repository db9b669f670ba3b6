import { isListening, type Socket, type SocketList, type SocketState } from '../tools/socket.ts';
import { endpointText } from './endpoint.ts';

export type SocketChange =
  | { readonly kind: 'added' | 'removed'; readonly socket: Socket }
  | { readonly kind: 'changed'; readonly socket: Socket; readonly previousState: SocketState };

/**
 * The differences between two lists: sockets that were added or removed, or that changed state. Changes of queues are
 * ignored, because they change with every packet.
 */
export function socketChanges(before: SocketList, after: SocketList): SocketChange[] {
  const previous = new Positions(before);
  const changes: SocketChange[] = [];
  for (const socket of after) {
    const predecessor = previous.take(identityOf(socket));
    if (predecessor === undefined) {
      changes.push({ kind: 'added', socket });
    } else if (isNewConnection(predecessor, socket)) {
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

/**
 * The positions of sockets in a list by their identity. Positions instead of sockets save memory, because there can be
 * very many.
 */
class Positions {
  readonly #sockets: SocketList;
  readonly #latest = new Map<string, number>();
  /** By position: the previous position with the same identity. */
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
 * A connection is identified by its two ends as long as it lives. Its inode cannot identify it, because it has none in
 * TIME_WAIT. Listeners can share a port (SO_REUSEPORT), so they are distinguished by inode, or counted if the inode is
 * unknown.
 */
function identityOf(socket: Socket): string {
  const { pod = '', protocol, local, peer, inode = '' } = socket;
  const ends = `${pod} ${protocol} ${endpointText(local)} ${endpointText(peer)}`;
  return isListening(socket) ? `${ends} ${inode}` : ends;
}

/** Whether this is a new connection between the same two ends. */
function isNewConnection(a: Socket, b: Socket): boolean {
  return a.inode !== undefined && b.inode !== undefined && a.inode !== b.inode;
}
