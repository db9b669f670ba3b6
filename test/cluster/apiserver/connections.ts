import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

/** The TCP connection of a request. */
export interface Connection {
  /** Closes it with FIN, as a server or proxy does. */
  end(): void;
  /** Ends it with a reset. */
  reset(): void;
  /** Resets it if no data has been transferred for this many seconds, in either direction. */
  resetWhenIdle(seconds: number): void;
  /** Calls `callback` when the server closes. */
  onServerEnd(callback: () => void): void;
}

const LOOK_EVERY_MS = 100;

/** All TCP connections of a listener, including those of upgraded requests. */
export class Connections {
  readonly #sockets = new Map<string, Socket>();
  readonly #idle = new Set<Socket>();
  readonly #callbacks = new Set<() => void>();

  add(socket: Socket): void {
    const key = keyOf(socket);
    this.#sockets.set(key, socket);
    socket.on('close', () => this.#sockets.delete(key));
  }

  of({ socket }: IncomingMessage): Connection {
    // Below TLS, because only the TCP socket itself can be reset.
    const tcp = this.#sockets.get(keyOf(socket));
    return {
      end: () => {
        socket.end();
        // A client that never closes its side would keep the connection open.
        setTimeout(() => socket.destroy(), 1000).unref();
      },
      reset: () => tcp?.resetAndDestroy(),
      resetWhenIdle: (seconds) => tcp && this.#resetWhenIdle(tcp, seconds * 1000),
      onServerEnd: (callback) => {
        this.#callbacks.add(callback);
        socket.on('close', () => this.#callbacks.delete(callback));
      },
    };
  }

  /** Ends all of them at once. */
  drop(): void {
    for (const socket of this.#sockets.values()) socket.resetAndDestroy();
    for (const callback of this.#callbacks) callback();
  }

  #resetWhenIdle(socket: Socket, milliseconds: number): void {
    if (this.#idle.has(socket)) return;
    this.#idle.add(socket);
    let passed = -1;
    let since = Date.now();
    const timer = setInterval(() => {
      const now = socket.bytesRead + socket.bytesWritten;
      if (now !== passed) since = Date.now();
      else if (Date.now() - since >= milliseconds) socket.resetAndDestroy();
      passed = now;
    }, LOOK_EVERY_MS);
    socket.on('close', () => {
      clearInterval(timer);
      this.#idle.delete(socket);
    });
  }
}

function keyOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress}:${remotePort}`;
}
