import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { denyByPolicy } from './admission.ts';
import { V4, V5 } from './channels.ts';
import type { Cluster } from './context.ts';
import { execProcess } from './execProcess.ts';
import { openRuntimeStream, relayTerminal } from './execTerminal.ts';
import {
  chosenContainer,
  KubeletError,
  podOf,
  requireCreate,
  requireNode,
  runningContainer,
  streamsOf,
} from './podStreams.ts';
import type { ResourceRoute } from './route.ts';
import { splice } from './splice.ts';
import { badRequest } from './status.ts';
import { refuseProtocol } from './upgradeRefusal.ts';
import type { User } from './users.ts';

/** An authorized request to upgrade a connection into streams of a pod. */
export interface UpgradeRequest {
  readonly cluster: Cluster;
  readonly user: User;
  readonly route: ResourceRoute;
  readonly query: URLSearchParams;
  readonly incoming: IncomingMessage;
  readonly socket: Duplex;
  /** Data that arrived after the request. */
  readonly head: Buffer;
}

const sockets = new WebSocketServer({
  noServer: true,
  perMessageDeflate: false,
  skipUTF8Validation: true,
  clientTracking: false,
  maxPayload: 0,
  handleProtocols: () => V5,
});

/** Connects the client with an exec, attach or portforward stream of a pod. Throws if the request is refused. */
export async function connectStream(request: UpgradeRequest): Promise<void> {
  if (!isWebsocket(request)) return connect(request, undefined);
  requireCreate(request.cluster, request.user, request.route);
  return connect(request, offeredProtocols(request.incoming));
}

async function connect(
  request: UpgradeRequest,
  offered: readonly string[] | undefined,
): Promise<void> {
  switch (request.route.subresource) {
    case 'exec':
      return connectExec(request, offered);
    case 'attach':
      return connectAttach(request, offered);
    case 'portforward':
      return connectPortForward(request, offered);
    default:
      throw badRequest('Upgrade request required');
  }
}

async function connectExec(
  request: UpgradeRequest,
  offered: readonly string[] | undefined,
): Promise<void> {
  const { cluster, route, query } = request;
  denyByPolicy(cluster.store, route, 'exec');
  const pod = podOf(cluster, route);
  const name = chosenContainer(pod, query);
  requireNode(pod);
  const streams = streamsOf(query);
  const container = runningContainer(cluster, pod, name);
  const command = query.getAll('command');
  const protocol = offered && [V5, V4].find((candidate) => offered.includes(candidate));
  if (offered && !protocol) return refuseProtocol(request.socket);
  if (protocol !== V5) return spliceTo(request, await container.execUrl(command, streams));
  const { incoming, socket, head } = request;
  if (!streams.tty) {
    sockets.handleUpgrade(incoming, socket, head, (client) =>
      execProcess(client, socket, container.spawn(command), streams),
    );
    return;
  }
  const runtime = await openRuntimeStream(await container.execUrl(command, streams));
  sockets.handleUpgrade(incoming, socket, head, (client) => relayTerminal(client, runtime));
}

// Attaching over v5 would require a half-close, which the runtime's v4 does not have. Clients fall back to SPDY.
async function connectAttach(
  request: UpgradeRequest,
  offered: readonly string[] | undefined,
): Promise<void> {
  const { cluster, route, query } = request;
  const pod = podOf(cluster, route);
  const name = chosenContainer(pod, query);
  requireNode(pod);
  const streams = streamsOf(query);
  const container = runningContainer(cluster, pod, name);
  if (offered && !offered.includes(V4)) return refuseProtocol(request.socket);
  spliceTo(request, await container.attachUrl(streams));
}

async function connectPortForward(
  request: UpgradeRequest,
  offered: readonly string[] | undefined,
): Promise<void> {
  const { cluster, route, query } = request;
  const pod = podOf(cluster, route);
  requireNode(pod);
  if (offered && !offered.includes(V4)) return refuseProtocol(request.socket);
  const { namespace = '', name } = pod.metadata;
  const ports = query.getAll('ports').flatMap((list) => list.split(',').map(Number));
  try {
    spliceTo(request, await cluster.runtime.portForwardUrl(namespace, name, ports));
  } catch (error) {
    throw new KubeletError(500, error instanceof Error ? error.message : String(error));
  }
}

function spliceTo({ incoming, socket, head }: UpgradeRequest, url: string): void {
  splice(incoming, socket, head, url);
}

function isWebsocket({ incoming }: UpgradeRequest): boolean {
  return /^websocket$/i.test(incoming.headers.upgrade ?? '');
}

function offeredProtocols(incoming: IncomingMessage): string[] {
  const list = incoming.headers['sec-websocket-protocol'] ?? '';
  return list.split(',').map((protocol) => protocol.trim());
}
