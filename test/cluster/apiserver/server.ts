import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { Duplex } from 'node:stream';
import type { Runtime } from '../runtime.ts';
import type { Store } from '../store.ts';
import { authenticate } from './authenticate.ts';
import { Authorizer, refusal } from './authorize.ts';
import { bootstrap } from './bootstrap.ts';
import { type Certificates, makeCertificates } from './certificates.ts';
import type { Cluster } from './context.ts';
import { connectStream } from './exec.ts';
import { answerWithFault, withFaults } from './faults.ts';
import { History } from './history.ts';
import { impersonate } from './impersonate.ts';
import { writeKubeconfigs } from './kubeconfigFiles.ts';
import { keepNamespaces } from './namespaces.ts';
import { handlePath } from './pathHandlers.ts';
import { handleResource } from './resourceHandlers.ts';
import { findResource } from './resources.ts';
import { respondError } from './respond.ts';
import { parseRoute, type Route } from './route.ts';
import { badRequest, noSuchResource, qualifiedName } from './status.ts';
import { Tokens } from './tokens.ts';
import { refuseUpgrade } from './upgradeRefusal.ts';
import type { User } from './users.ts';

export interface ApiServerOptions {
  readonly store: Store;
  readonly runtime: Runtime;
  readonly host: '127.0.0.1';
  /** An existing folder, for certificates, keys and kubeconfig files. */
  readonly folder: string;
}

export interface ApiServer {
  readonly port: number;
  /** The same server, but without exec protocol v5, as before Kubernetes 1.30. */
  readonly v4Port: number;
  /** User name -> path of a kubeconfig file. */
  readonly kubeconfigs: Record<string, string>;
  close(): Promise<void>;
}

/** Starts an HTTPS server that speaks enough of Kubernetes for kubectl, on free ports of `host`. */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { store, runtime, host, folder } = options;
  const certificates = await makeCertificates(folder, host);
  bootstrap(store);
  const cluster: Cluster = {
    store,
    runtime,
    history: new History(store),
    tokens: new Tokens(store),
    authorizer: new Authorizer(store),
  };
  const release = keepNamespaces(cluster);
  const newest = await listen(cluster, certificates, host, false);
  const withoutV5 = await listen(cluster, certificates, host, true);
  const kubeconfigs = await writeKubeconfigs(
    folder,
    {
      newest: `https://${host}:${newest.port}`,
      withoutV5: `https://${host}:${withoutV5.port}`,
    },
    certificates,
    cluster.tokens,
  );
  return {
    port: newest.port,
    v4Port: withoutV5.port,
    kubeconfigs,
    async close() {
      release();
      cluster.history.close();
      await Promise.all([newest.close(), withoutV5.close()]);
    },
  };
}

interface Listener {
  readonly port: number;
  close(): Promise<void>;
}

async function listen(
  cluster: Cluster,
  { authority, server: own }: Certificates,
  host: string,
  withoutV5: boolean,
): Promise<Listener> {
  const server = createServer({
    key: own.key,
    cert: own.certificate,
    ca: authority.certificate,
    requestCert: true,
    // Whoever has no certificate may have a token.
    rejectUnauthorized: false,
    // Go clients keep idle connections for 90 s: ours must not be the side that hangs up meanwhile.
    keepAliveTimeout: 120_000,
  });
  // Streams outlive their HTTP request: the server does not count them as its connections.
  const streams = new Set<Duplex>();
  server.on('request', (request, response) => {
    handleRequest(cluster, request, response).catch((error) => respondError(response, error));
  });
  server.on('upgrade', (request, socket, head) => {
    streams.add(socket);
    socket.on('close', () => streams.delete(socket));
    socket.on('error', () => socket.destroy());
    handleUpgrade(cluster, request, socket, head, withoutV5).catch((error) =>
      refuseUpgrade(socket, error),
    );
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.on('error', reject);
    server.listen(0, host, () => resolve(portOf(server)));
  });
  return {
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
        for (const socket of streams) socket.destroy();
      }),
  };
}

function portOf(server: Server): number {
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('the API server has no address');
  return address.port;
}

async function handleRequest(
  cluster: Cluster,
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { user, route, url } = admit(cluster, incoming);
  if (route.type === 'path') return handlePath(incoming, response, route.path);
  const kind = findResource(route.group, route.version, route.resource);
  if (!kind) throw noSuchResource();
  if (kind.namespaced) answerWithFault(cluster.store, route.namespace);
  await handleResource({
    cluster,
    user,
    route,
    kind,
    resource: qualifiedName(kind),
    query: url.searchParams,
    incoming,
    response,
  });
}

async function handleUpgrade(
  cluster: Cluster,
  incoming: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  withoutV5: boolean,
): Promise<void> {
  const { user, route, url } = admit(cluster, incoming);
  if (route.type !== 'resource' || route.group !== '' || route.resource !== 'pods') {
    throw badRequest('this resource cannot be upgraded');
  }
  answerWithFault(cluster.store, route.namespace);
  await connectStream({
    cluster,
    user,
    route,
    query: url.searchParams,
    incoming,
    socket: withFaults(socket, cluster.store, route.namespace),
    head,
    withoutV5,
  });
}

/** Who asks for what; throws 401 and 403. */
function admit(
  cluster: Cluster,
  incoming: IncomingMessage,
): { user: User; route: Route; url: URL } {
  const url = new URL(incoming.url ?? '/', 'https://localhost');
  const route = parseRoute(incoming.method ?? 'GET', url);
  const user = impersonate(incoming, authenticate(incoming, cluster.tokens), cluster.authorizer);
  if (!cluster.authorizer.allows(user, route)) throw refusal(user, route);
  return { user, route, url };
}
