import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { KubeApi } from '../../../src/kube/api.ts';
import { type Access, agentFor } from '../../../src/kube/authentication.ts';

/** A received request, with its body. */
export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** An HTTP answer: a Status, or plain text. */
export interface Plain {
  readonly code: number;
  readonly body: object | string;
}

interface Handlers {
  /** Answers requests; the default is 404. */
  readonly rest?: (request: ReceivedRequest, response: ServerResponse) => void;
  /** Speaks the exec protocol on an accepted websocket. */
  readonly exec?: (socket: WebSocket, request: IncomingMessage) => void;
  /** The HTTP status with which the next upgrade is refused, if any. */
  readonly refuse?: () => number | undefined;
  /**
   * The answer to an exec in a container that cannot exist, which checks whether exec works. The default is that of an
   * API server that permits it.
   */
  readonly check?: () => Plain;
  /** Takes over an upgrade before anything is answered. */
  readonly upgrade?: (socket: Socket, request: IncomingMessage) => void;
  /** Subprotocols that the server supports. */
  readonly protocols?: readonly string[];
  /** Path in the server's address. */
  readonly prefix?: string;
}

export interface FakeServer {
  readonly access: Access;
  readonly api: KubeApi;
  readonly requests: ReceivedRequest[];
  readonly connections: Set<Socket>;
}

/** An API server for one test; it and all its connections are closed when the test ends. */
export async function fakeServer(handlers: Handlers): Promise<FakeServer> {
  const requests: ReceivedRequest[] = [];
  const connections = new Set<Socket>();
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://fake');
    const received = {
      method: request.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers,
      body: await text(request),
    };
    requests.push(received);
    if (handlers.rest) handlers.rest(received, response);
    else response.writeHead(404).end();
  });
  server.on('connection', (socket) => {
    connections.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => connections.delete(socket));
  });
  const known = handlers.protocols ?? ['v5.channel.k8s.io', 'v4.channel.k8s.io'];
  const websockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    handleProtocols: (offered) => [...offered].find((name) => known.includes(name)) ?? false,
  });
  server.on('upgrade', (request, socket: Socket, head) => {
    const refusal = handlers.refuse?.();
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://fake');
    if (searchParams.get('container') === 'NETDEBUG-CHECK') {
      requests.push({
        ...{ method: 'EXEC', path: pathname, query: searchParams },
        ...{ headers: request.headers, body: '' },
      });
      socket.end(plainAnswer(handlers.check?.() ?? noSuchContainer(pathname)));
    } else if (handlers.upgrade) handlers.upgrade(socket, request);
    else if (refusal !== undefined)
      socket.end(`HTTP/1.1 ${refusal} No\r\ncontent-length: 0\r\n\r\n`);
    else
      websockets.handleUpgrade(request, socket, head, (websocket) => {
        websocket.on('error', () => {});
        handlers.exec?.(websocket, request);
      });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const access = accessTo(`http://127.0.0.1:${port}${handlers.prefix ?? ''}`);
  const api = new KubeApi(access);
  onTestFinished(() => {
    api.close();
    for (const socket of connections) socket.destroy();
    server.close();
  });
  return { access, api, requests, connections };
}

function noSuchContainer(path: string): Plain {
  const [, pod] = /\/pods\/([^/]+)\/exec$/.exec(path) ?? [];
  const message = `container NETDEBUG-CHECK is not valid for pod ${pod}`;
  return { code: 400, body: status(400, 'BadRequest', message) };
}

function plainAnswer({ code, body }: Plain): string {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const type = typeof body === 'string' ? 'text/plain' : 'application/json';
  return [
    `HTTP/1.1 ${code} No`,
    `content-type: ${type}`,
    `content-length: ${Buffer.byteLength(text)}`,
    ...['connection: close', '', text],
  ].join('\r\n');
}

export function accessTo(server: string): Access {
  const tls = { rejectUnauthorized: true };
  const url = new URL(server);
  return {
    server: url,
    tls,
    agent: agentFor(url, tls),
    headers: async () => ({ authorization: 'Bearer secret' }),
  };
}

export function json(response: ServerResponse, code: number, body: unknown, headers = {}): void {
  response.writeHead(code, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

export function status(code: number, reason: string, message: string) {
  return { kind: 'Status', apiVersion: 'v1', status: 'Failure', message, reason, code };
}
