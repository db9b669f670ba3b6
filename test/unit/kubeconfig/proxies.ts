import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { TestCertificates } from './certificates.ts';
import { type OpenSockets, openSockets } from './openSockets.ts';

/** A proxy that connects every destination to one port of this machine. */
export interface TestProxy extends OpenSockets {
  readonly port: number;
  /** Its clients' destinations and credentials, as `host:port user:password`. */
  readonly requests: string[];
  close(): void;
}

/** A proxy for HTTP CONNECT; with certificates it is reached over TLS. */
export async function httpProxy(target: () => number, tls?: TestCertificates): Promise<TestProxy> {
  const requests: string[] = [];
  const server = tls
    ? createHttpsServer({ key: tls.server.key, cert: tls.server.certificate })
    : createHttpServer();
  server.on('connect', (request: IncomingMessage, socket: Socket) => {
    socket.on('error', () => {});
    const [, pair = ''] = (request.headers['proxy-authorization'] ?? '').split(' ');
    requests.push(`${request.url} ${Buffer.from(pair, 'base64')}`.trim());
    if (pair === Buffer.from('wrong:wrong').toString('base64'))
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
    else {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      splice(socket, target());
    }
  });
  return listening(server, requests);
}

/** A SOCKS5 proxy (RFC 1928, 1929) that accepts any name and password except `wrong`. */
export async function socksProxy(target: () => number): Promise<TestProxy> {
  const requests: string[] = [];
  const serve = async (socket: Socket) => {
    const bytes = reader(socket);
    const [, methods = 0] = await bytes(2);
    const named = (await bytes(methods)).includes(2);
    socket.write(Buffer.from([5, named ? 2 : 0]));
    let who = '';
    if (named) {
      const [, length = 0] = await bytes(2);
      const name = (await bytes(length)).toString();
      const [size = 0] = await bytes(1);
      who = `${name}:${await bytes(size)}`;
      socket.write(Buffer.from([1, name === 'wrong' ? 1 : 0]));
    }
    const [, , , kind] = await bytes(4);
    const host =
      kind === 3
        ? (await bytes((await bytes(1))[0] ?? 0)).toString()
        : (await bytes(kind === 4 ? 16 : 4)).join('.');
    requests.push(`${host}:${(await bytes(2)).readUInt16BE()} ${who}`.trim());
    socket.write(Buffer.from([5, 0, 0, 1, 127, 0, 0, 1, 0, 0]));
    splice(socket, target());
  };
  const server = createServer((socket) => {
    socket.on('error', () => {});
    // A client may disconnect at any moment.
    serve(socket).catch(() => socket.destroy());
  });
  return listening(server, requests);
}

/** Reads exact numbers of bytes from a socket. */
function reader(socket: Socket): (size: number) => Promise<Buffer> {
  return async (size) => {
    let read = Buffer.alloc(0);
    while (read.length < size) {
      const chunk = socket.read() as Buffer | null;
      if (chunk) read = Buffer.concat([read, chunk]);
      else await once(socket, 'readable');
    }
    if (read.length > size) socket.unshift(read.subarray(size));
    return read.subarray(0, size);
  };
}

function splice(socket: Socket, port: number): void {
  const upstream = connect(port, '127.0.0.1');
  socket.pipe(upstream).pipe(socket);
  socket.on('error', () => upstream.destroy());
  upstream.on('error', () => socket.destroy());
}

async function listening(server: Server, requests: string[]): Promise<TestProxy> {
  const { closed } = openSockets(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    requests,
    closed,
    close: () => server.close(),
  };
}
