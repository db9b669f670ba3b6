import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { type Duplex, pipeline, type Writable } from 'node:stream';
import { type Certificates, makeCertificates } from '../cluster/apiserver/certificates.ts';
import { V5 } from '../cluster/apiserver/channels.ts';
import type { Connection } from '../cluster/apiserver/connections.ts';
import { type Handlers, type Listener, listen } from '../cluster/apiserver/listener.ts';
import { parseRoute, type ResourceRoute } from '../cluster/apiserver/route.ts';
import { refuseProtocol } from '../cluster/apiserver/upgradeRefusal.ts';
import { AnnotationSwitches } from './annotationSwitches.ts';
import { answerFor } from './answer.ts';
import { shiftTimes, skewedDate } from './clock.ts';
import { faultyBody } from './faultyStream.ts';
import { FileSwitches } from './fileSwitches.ts';
import {
  NO_FAULT,
  nextStreamFault,
  type StreamFault,
  type StreamKind,
  streamFaultOf,
} from './streamFault.ts';
import { type Switches, SwitchReader } from './switches.ts';
import { forwardUpgrade } from './upgrade.ts';
import { readContext, Upstream } from './upstream.ts';
import { WatchBody } from './watchBody.ts';

/** The listener of the proxy that a kubeconfig uses. */
export type ListenerName = 'plain' | 'without-v5' | 'unsteady';

export interface FaultProxy {
  /** Writes a kubeconfig (0600) with which the user of another kubeconfig reaches the server through the proxy. */
  kubeconfig(original: string, listenerName?: ListenerName): Promise<string>;
  close(): Promise<void>;
}

export interface FaultProxyOptions {
  /** A kubeconfig of a user who may get, watch and patch namespaces. */
  readonly admin: string;
  /** A file of switches, in addition to the annotations. */
  readonly rules?: string;
}

const HOST = '127.0.0.1';
const HOP_BY_HOP = /^(connection|keep-alive|transfer-encoding|host)$/i;
/** For responses whose text changes. */
const HOP_BY_HOP_AND_LENGTH = /^(connection|keep-alive|transfer-encoding|host|content-length)$/i;
const HOP_BY_HOP_AND_ENCODING = /^(connection|keep-alive|transfer-encoding|host|accept-encoding)$/i;

/**
 * Starts a proxy in front of an API server, with the faults that the annotations of namespaces request (switches.ts).
 */
export async function startFaultProxy({ admin, rules }: FaultProxyOptions): Promise<FaultProxy> {
  const folder = await mkdtemp(join(tmpdir(), 'netdebug-faults-'));
  const proxy = new HttpsFaultProxy(admin, rules, await makeCertificates(folder, HOST), folder);
  await proxy.open();
  return proxy;
}

class HttpsFaultProxy implements FaultProxy {
  readonly #admin: Upstream;
  /** The server for users whose token is forwarded unchanged. */
  readonly #tokenUsers: Upstream;
  readonly #annotations: AnnotationSwitches;
  readonly #switches: SwitchReader;
  readonly #certificates: Certificates;
  readonly #folder: string;
  readonly #listeners = new Map<ListenerName, Listener>();
  /** Users by the credentials in their kubeconfig, if the server expects other ones: a certificate. */
  readonly #users = new Map<string, Upstream>();
  readonly #watches = new Map<string, Set<WatchBody>>();
  readonly #expired = new Map<string, string | undefined>();
  #written = 0;

  constructor(
    admin: string,
    rules: string | undefined,
    certificates: Certificates,
    folder: string,
  ) {
    this.#admin = new Upstream(admin);
    this.#tokenUsers = new Upstream(admin, { anonymous: true });
    this.#annotations = new AnnotationSwitches(this.#admin);
    this.#switches = new SwitchReader([
      this.#annotations,
      ...(rules === undefined ? [] : [new FileSwitches(rules)]),
    ]);
    this.#certificates = certificates;
    this.#folder = folder;
  }

  async open(): Promise<void> {
    for (const listenerName of ['plain', 'without-v5', 'unsteady'] as const)
      this.#listeners.set(
        listenerName,
        await listen(this.#certificates, HOST, this.#handlers(listenerName)),
      );
    void this.#annotations.watch((namespace, switches) =>
      this.#onSwitchesChange(namespace, switches),
    );
  }

  async kubeconfig(original: string, listenerName: ListenerName = 'plain'): Promise<string> {
    const { user } = readContext(original);
    const name = 'faults';
    const token = user.token ?? this.#tokenFor(original);
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [
        {
          name,
          cluster: {
            server: `https://${HOST}:${this.#listeners.get(listenerName)?.port}`,
            'certificate-authority-data': Buffer.from(
              this.#certificates.authority.certificate,
            ).toString('base64'),
          },
        },
      ],
      users: [{ name, user: { token } }],
      contexts: [{ name, context: { cluster: name, user: name, namespace: 'default' } }],
      'current-context': name,
    };
    this.#written += 1;
    const path = join(this.#folder, `${this.#written}-${basename(original)}`);
    await writeFile(path, JSON.stringify(config, null, 2), { mode: 0o600 });
    await chmod(path, 0o600);
    return path;
  }

  async close(): Promise<void> {
    this.#annotations.close();
    await Promise.all([...this.#listeners.values()].map((listener) => listener.close()));
    for (const upstream of [this.#admin, this.#tokenUsers, ...this.#users.values()])
      upstream.close();
    await rm(this.#folder, { recursive: true });
  }

  #tokenFor(kubeconfig: string): string {
    const token = `faults-${randomBytes(16).toString('hex')}`;
    this.#users.set(`Bearer ${token}`, new Upstream(kubeconfig));
    return token;
  }

  #handlers(listenerName: ListenerName): Handlers {
    return {
      request: (incoming, response, connection) => this.#request(incoming, response, connection),
      upgrade: (incoming, socket, head, connection) =>
        this.#upgrade(incoming, socket, head, connection, listenerName),
    };
  }

  async #request(
    incoming: IncomingMessage,
    response: ServerResponse,
    connection: Connection,
  ): Promise<void> {
    const route = namespacedRoute(incoming);
    const kind = route && streamKindOf(route);
    const { fault, switches } = await this.#meet(route, kind, connection);
    const skew = Number(switches['clock-skew'] ?? 0);
    const { upstream, headers } = this.#asUser(incoming);
    const outgoing = upstream.request(
      incoming.method ?? 'GET',
      incoming.url ?? '/',
      headersOf(headers, skew === 0 ? HOP_BY_HOP : HOP_BY_HOP_AND_ENCODING),
    );
    response.on('close', () => outgoing.destroy());
    outgoing.on('error', () => connection.reset());
    outgoing.on('response', (answer) => {
      // The client may just have disconnected.
      if (response.destroyed) {
        answer.destroy();
        return;
      }
      const remaining = headersOf(
        answer.rawHeaders,
        skew === 0 ? HOP_BY_HOP : HOP_BY_HOP_AND_LENGTH,
      );
      response.writeHead(answer.statusCode ?? 502, {
        ...remaining,
        ...(skew !== 0 && { date: skewedDate(skew) }),
      });
      response.flushHeaders();
      const body: Writable =
        kind === undefined ? response : faultyBody(response, connection, fault);
      const transforms = [
        ...(skew === 0 ? [] : [shiftTimes(skew)]),
        ...(kind === 'watch' && route ? [this.#watchBody(route.namespace)] : []),
      ];
      // An interrupted response is also interrupted for the client.
      pipeline([answer, ...transforms, body], (error) => error && response.destroy());
    });
    incoming.pipe(outgoing);
  }

  async #upgrade(
    incoming: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    connection: Connection,
    listenerName: ListenerName,
  ): Promise<void> {
    const route = namespacedRoute(incoming);
    const kind = route && startsStream(incoming) ? streamKindOf(route) : undefined;
    const { fault, switches } = await this.#meet(route, kind, connection);
    const { upstream, headers } = this.#asUser(incoming);
    const withoutV5 = listenerName === 'without-v5' || switches['refuse-v5'] === 'true';
    const offeredHeaders = withoutV5 ? headers.map(hideV5) : headers;
    if (withoutV5 && offersNoProtocol(offeredHeaders)) {
      refuseProtocol(socket);
      return;
    }
    await forwardUpgrade({
      incoming,
      client: socket,
      connection,
      head,
      upstream,
      headers: ['Host', upstream.server.host, ...offeredHeaders],
      fault,
    });
  }

  /** The switches of a request. Throws the response that they request, and counts down counted switches. */
  async #meet(
    route: ResourceRoute | undefined,
    kind: StreamKind | undefined,
    connection: Connection,
  ): Promise<{ readonly fault: StreamFault; readonly switches: Switches }> {
    if (!route) return { fault: NO_FAULT, switches: {} };
    return this.#switches.withSwitches(route.namespace, async (switches, set) => {
      const idleSeconds = switches['idle-timeout'];
      if (idleSeconds !== undefined) connection.resetWhenIdle(Number(idleSeconds));
      const answer = answerFor(switches, route);
      if (answer?.counted) await set('http-error', answer.next);
      if (answer) throw answer.error;
      if (!kind) return { fault: NO_FAULT, switches };
      const streamFault = nextStreamFault(switches, kind);
      if (streamFault.next !== undefined) await set('only-streams', streamFault.next);
      return { fault: streamFault.applies ? streamFaultOf(switches) : NO_FAULT, switches };
    });
  }

  /** The connection to the server with the request's user, and the headers to send. */
  #asUser(incoming: IncomingMessage): {
    readonly upstream: Upstream;
    readonly headers: readonly string[];
  } {
    const { authorization } = incoming.headers;
    const user = authorization === undefined ? undefined : this.#users.get(authorization);
    const rawHeaders = withoutHeader(incoming.rawHeaders, /^host$/i);
    if (!user) return { upstream: this.#tokenUsers, headers: rawHeaders };
    const otherHeaders = withoutHeader(rawHeaders, /^authorization$/i);
    return {
      upstream: user,
      headers: user.authorization
        ? [...otherHeaders, 'Authorization', user.authorization]
        : otherHeaders,
    };
  }

  #watchBody(namespace: string): WatchBody {
    const body = new WatchBody();
    const all = this.#watches.get(namespace) ?? new Set();
    this.#watches.set(namespace, all.add(body));
    body.on('close', () => all.delete(body));
    return body;
  }

  #onSwitchesChange(namespace: string, switches: Switches): void {
    const expiry = switches['expire-watches'];
    const isNew = this.#expired.has(namespace) && this.#expired.get(namespace) !== expiry;
    this.#expired.set(namespace, expiry);
    if (isNew && expiry !== undefined)
      for (const body of this.#watches.get(namespace) ?? []) body.expire();
    if (switches.restart === undefined) return;
    void this.#annotations.set(namespace, 'restart', undefined);
    void this.#listeners.get('unsteady')?.restart(Number(switches.restart));
  }
}

/**
 * The route of a request about objects in a namespace. Undefined for the namespace itself, so that it can always be
 * changed.
 */
function namespacedRoute({
  method = 'GET',
  url = '/',
}: IncomingMessage): ResourceRoute | undefined {
  const route = parseRoute(method, new URL(url, 'https://localhost'));
  const isInNamespace =
    route.type === 'resource' && route.namespace !== '' && route.resource !== 'namespaces';
  return isInNamespace ? route : undefined;
}

function streamKindOf({ verb, resource, subresource }: ResourceRoute): StreamKind | undefined {
  if (verb === 'watch') return 'watch';
  if (resource !== 'pods') return undefined;
  const kinds = ['exec', 'attach', 'portforward', 'log'] as const;
  return kinds.find((kind) => kind === subresource);
}

/** The name of a container is in lower case. An exec with any other name is refused, and starts no stream. */
function startsStream({ url = '/' }: IncomingMessage): boolean {
  const container = new URL(url, 'https://localhost').searchParams.get('container') ?? '';
  return container === container.toLowerCase();
}

/** Removes headers from alternating names and values, as in `rawHeaders`. */
function withoutHeader(rawHeaders: readonly string[], name: RegExp): string[] {
  return rawHeaders.flatMap((_word, index) =>
    index % 2 === 0 && !name.test(rawHeaders[index] ?? '')
      ? [rawHeaders[index] ?? '', rawHeaders[index + 1] ?? '']
      : [],
  );
}

function headersOf(rawHeaders: readonly string[], excluded: RegExp): Record<string, string[]> {
  const remaining = withoutHeader(rawHeaders, excluded);
  const headers: Record<string, string[]> = {};
  for (let index = 0; index < remaining.length; index += 2) {
    const name = (remaining[index] ?? '').toLowerCase();
    headers[name] = [...(headers[name] ?? []), remaining[index + 1] ?? ''];
  }
  return headers;
}

const PROTOCOLS = /^sec-websocket-protocol$/i;

function hideV5(word: string, index: number, rawHeaders: readonly string[]): string {
  if (index % 2 === 0 || !PROTOCOLS.test(rawHeaders[index - 1] ?? '')) return word;
  return word
    .split(/, */)
    .filter((protocol) => protocol !== V5)
    .join(', ');
}

/** Whether no protocol is left for a websocket. */
function offersNoProtocol(rawHeaders: readonly string[]): boolean {
  return rawHeaders.some(
    (word, index) => index % 2 === 0 && PROTOCOLS.test(word) && !rawHeaders[index + 1],
  );
}
