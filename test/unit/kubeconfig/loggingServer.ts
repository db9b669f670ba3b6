import { once } from 'node:events';
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type RequestListener,
} from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { TestCertificates } from './certificates.ts';
import { type OpenSockets, openSockets } from './openSockets.ts';

/** The parts of a request that identify the user and the object. */
export interface Arrived {
  readonly path: string;
  readonly authorization: string | undefined;
  readonly impersonation: Readonly<Record<string, string>>;
  /** Common name of the client certificate. */
  readonly certificate: string | undefined;
  /** The server name in the client's TLS handshake. */
  readonly serverName: string | undefined;
}

export interface LoggingServer extends OpenSockets {
  readonly port: number;
  /** Requests for a pod; discovery requests differ by client and are left out. */
  readonly arrived: Arrived[];
  /** When set, requests for a pod are answered with this code. */
  refusal: number | undefined;
  close(): void;
}

const NOT_FOUND = {
  kind: 'Status',
  apiVersion: 'v1',
  status: 'Failure',
  message: 'pods "pod-1" not found',
  reason: 'NotFound',
  details: { name: 'pod-1', kind: 'pods' },
  code: 404,
};

/** An API server without pods that requests client certificates and records its clients. */
export async function loggingServer(certificates?: TestCertificates): Promise<LoggingServer> {
  const arrived: Arrived[] = [];
  const answer: RequestListener = (request, response) => {
    const path = (request.url ?? '').replace(/\?.*/, '');
    const isPod = path.endsWith('/pods/pod-1');
    if (isPod) arrived.push(describe(path, request));
    const discovery = discoveryOf(path);
    const code = isPod ? (logging.refusal ?? 404) : discovery ? 200 : 404;
    response.writeHead(code, { 'content-type': 'application/json' });
    const refused = { ...NOT_FOUND, code, reason: 'Unauthorized', message: 'Unauthorized' };
    response.end(JSON.stringify(discovery ?? (code === 401 ? refused : NOT_FOUND)));
  };
  const server: Server = certificates
    ? createHttpsServer(
        {
          key: certificates.server.key,
          cert: certificates.server.certificate,
          ca: [certificates.authority.certificate],
          requestCert: true,
          rejectUnauthorized: false,
        },
        answer,
      )
    : createHttpServer(answer);
  const { closed } = openSockets(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const logging: LoggingServer = {
    port: (server.address() as AddressInfo).port,
    arrived,
    refusal: undefined,
    closed,
    close: () => server.close(),
  };
  return logging;
}

function describe(path: string, request: IncomingMessage): Arrived {
  const socket = request.socket as TLSSocket;
  const impersonation = Object.entries(request.headersDistinct).filter(([name]) =>
    name.startsWith('impersonate-'),
  );
  return {
    path,
    authorization: request.headers.authorization,
    impersonation: Object.fromEntries(
      impersonation
        .map(([name, values]) => [name, [...(values ?? [])].sort().join('|')] as const)
        .sort(([a], [b]) => a.localeCompare(b)),
    ),
    certificate: socket.getPeerCertificate?.().subject?.CN as string | undefined,
    serverName: (socket.servername as string | false | undefined) || undefined,
  };
}

/** The discovery data that `kubectl get pods` needs. */
function discoveryOf(path: string): object | undefined {
  if (path.endsWith('/api')) return { kind: 'APIVersions', versions: ['v1'] };
  if (path.endsWith('/apis')) return { kind: 'APIGroupList', apiVersion: 'v1', groups: [] };
  if (!path.endsWith('/api/v1')) return undefined;
  const pods = { name: 'pods', singularName: 'pod', namespaced: true, kind: 'Pod', verbs: ['get'] };
  return { kind: 'APIResourceList', groupVersion: 'v1', resources: [pods] };
}
