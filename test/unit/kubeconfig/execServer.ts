import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import type { TestCertificates } from './certificates.ts';

/** An API server with TLS that accepts only one token. */
export interface ExecServer {
  readonly port: number;
  /** The accepted token; any other one gets 401. */
  token: string;
  /** Requests that were answered, as `401 GET /path`. */
  readonly log: string[];
  /** Running execs; each returns its input as output. */
  readonly execs: Set<WebSocket>;
  /** Ends the open watches normally. */
  endWatches(): void;
  close(): void;
}

const UNAUTHORIZED = JSON.stringify({
  kind: 'Status',
  status: 'Failure',
  message: 'Unauthorized',
  reason: 'Unauthorized',
  code: 401,
});

export async function execServer({ server: own }: TestCertificates): Promise<ExecServer> {
  const log: string[] = [];
  const execs = new Set<WebSocket>();
  const sockets = new Set<Socket>();
  const watches = new Set<() => void>();
  const isKnown = (authorization: string | undefined) =>
    authorization === `Bearer ${running.token}`;
  const server: Server = createServer(
    { key: own.key, cert: own.certificate },
    (request, response) => {
      const known = isKnown(request.headers.authorization);
      log.push(`${known ? 200 : 401} ${request.method} ${request.url?.replace(/\?.*/, '')}`);
      response.writeHead(known ? 200 : 401, { 'content-type': 'application/json' });
      if (!known) response.end(UNAUTHORIZED);
      else if (!request.url?.includes('watch=true'))
        response.end('{"metadata":{"resourceVersion":"1"},"items":[]}');
      else {
        const object = { metadata: { name: 'x', resourceVersion: String(log.length) } };
        response.write(`${JSON.stringify({ type: 'ADDED', object })}\n`);
        watches.add(() => response.end());
      }
    },
  );
  const websockets = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request, socket: Socket, head) => {
    const known = isKnown(request.headers.authorization);
    log.push(`${known ? 101 : 401} exec`);
    if (!known)
      socket.end(
        `HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\nContent-Length: ${UNAUTHORIZED.length}\r\nConnection: close\r\n\r\n${UNAUTHORIZED}`,
      );
    else
      websockets.handleUpgrade(request, socket, head, (websocket) => {
        execs.add(websocket);
        websocket.on('message', (frame: Buffer) => {
          if (frame[0] === 0) websocket.send(Buffer.concat([Buffer.from([1]), frame.subarray(1)]));
          else {
            websocket.send(Buffer.from('\x03{"status":"Success"}'));
            websocket.close();
          }
        });
      });
  });
  server.on('connection', (socket: Socket) => sockets.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const running: ExecServer = {
    port: (server.address() as AddressInfo).port,
    token: 'first',
    log,
    execs,
    endWatches: () => {
      for (const end of watches) end();
      watches.clear();
    },
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
  return running;
}
