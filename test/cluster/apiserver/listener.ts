import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import type { Certificates } from './certificates.ts';
import { type Connection, Connections } from './connections.ts';
import { respondError } from './respond.ts';
import { refuseUpgrade } from './upgradeRefusal.ts';

/** The handlers of a listener's requests. Errors that they throw become responses. */
export interface Handlers {
  request(
    request: IncomingMessage,
    response: ServerResponse,
    connection: Connection,
  ): Promise<void>;
  upgrade(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    connection: Connection,
  ): Promise<void>;
}

export interface Listener {
  readonly port: number;
  /** Drops every connection, refuses new ones for this time, and then listens on the same port again. */
  restart(milliseconds: number): Promise<void>;
  close(): Promise<void>;
}

/** How long the last connections may take to end, in milliseconds. */
const CLOSE_LIMIT_MS = 2_000;

/** Listens for HTTPS on a free port of `host`. */
export async function listen(
  { authority, server: own }: Certificates,
  host: string,
  handlers: Handlers,
): Promise<Listener> {
  const server = createServer({
    key: own.key,
    cert: own.certificate,
    ca: authority.certificate,
    requestCert: true,
    // Clients without a certificate may have a token.
    rejectUnauthorized: false,
    // Go clients keep idle connections for 90 s. The server must not close them earlier.
    keepAliveTimeout: 120_000,
  });
  const connections = new Connections();
  server.on('connection', (socket) => {
    if (socket instanceof Socket) connections.add(socket);
  });
  server.on('request', (request, response) => {
    handlers
      .request(request, response, connections.of(request))
      .catch((error) => respondError(response, error));
  });
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy());
    handlers
      .upgrade(request, socket, head, connections.of(request))
      .catch((error) => refuseUpgrade(socket, error) && keepOpen(server, socket, head));
  });
  const open = (port: number) =>
    new Promise<number>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => resolve(portOf(server)));
    });
  const shut = async () => {
    const shutDown = new Promise<void>((resolve) => server.close(() => resolve()));
    connections.drop();
    // Node sometimes keeps the handle of a destroyed connection, and waits for its end.
    await Promise.race([shutDown, wait(CLOSE_LIMIT_MS, undefined, { ref: false })]);
  };
  const port = await open(0);
  let closed = false;
  let restarting = Promise.resolve();
  return {
    port,
    restart(milliseconds) {
      restarting = restarting.then(async () => {
        if (closed) return;
        await shut();
        await wait(milliseconds);
        if (!closed) await open(port);
      });
      return restarting;
    },
    async close() {
      closed = true;
      await restarting;
      if (server.listening) await shut();
    },
  };
}

/** Reads another request from a connection whose upgrade was refused. */
function keepOpen(server: Server, socket: Duplex, head: Buffer): void {
  if (socket.destroyed) return;
  if (head.length > 0) socket.unshift(head);
  server.emit('secureConnection', socket);
}

function portOf(server: Server): number {
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('the API server has no address');
  return address.port;
}
