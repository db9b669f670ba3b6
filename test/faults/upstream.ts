import { readFileSync } from 'node:fs';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { dirname, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { connect } from 'node:tls';
import { load } from 'js-yaml';

interface NamedEntry {
  readonly name: string;
  readonly cluster?: Readonly<Record<string, string>>;
  readonly user?: Readonly<Record<string, string>>;
  readonly context?: { readonly cluster: string; readonly user: string };
}

/** The parts of a kubeconfig's current context that tests need. */
export interface KubeconfigContext {
  readonly cluster: Readonly<Record<string, string>>;
  readonly user: Readonly<Record<string, string>>;
}

/** Reads the current context of a kubeconfig file. Throws if it has none. */
export function readContext(path: string): KubeconfigContext {
  const config = load(readFileSync(path, 'utf8')) as Record<string, NamedEntry[]> & {
    readonly 'current-context'?: string;
  };
  const named = (list: string, name: string | undefined) =>
    config[list]?.find((entry) => entry.name === name);
  const context = named('contexts', config['current-context'])?.context;
  const cluster = named('clusters', context?.cluster)?.cluster;
  if (!context || !cluster) throw new Error(`${path} has no current context`);
  return { cluster, user: named('users', context.user)?.user ?? {} };
}

/** The API server behind the proxy, with the credentials of one user. */
export class Upstream {
  readonly server: URL;
  /** The value of the Authorization header, if the user has a token. */
  readonly authorization: string | undefined;
  readonly #tls: Readonly<Record<string, unknown>>;
  readonly #agent: Agent;

  /** Reads a kubeconfig whose user has a token or a client certificate. With `anonymous`, reads only its server. */
  constructor(kubeconfig: string, { anonymous = false } = {}) {
    const { cluster, user: named } = readContext(kubeconfig);
    const user = anonymous ? {} : named;
    const file = (path: string) => readFileSync(resolve(dirname(kubeconfig), path));
    const data = (entry: Readonly<Record<string, string>>, name: string) => {
      const inline = entry[`${name}-data`];
      const path = entry[name];
      if (inline !== undefined) return Buffer.from(inline, 'base64');
      return path === undefined ? undefined : file(path);
    };
    const token = user.token ?? (user.tokenFile && file(user.tokenFile).toString().trim());
    const cert = data(user, 'client-certificate');
    if (token === undefined && cert === undefined && !anonymous)
      throw new Error(`the user of ${kubeconfig} has no token and no client certificate`);
    this.server = new URL(cluster.server ?? '');
    this.authorization = token === undefined ? undefined : `Bearer ${token}`;
    this.#tls = {
      host: this.server.hostname,
      port: Number(this.server.port || 443),
      ca: data(cluster, 'certificate-authority'),
      rejectUnauthorized: String(cluster['insecure-skip-tls-verify']) !== 'true',
      ...(cert && { cert, key: data(user, 'client-key') }),
    };
    this.#agent = new Agent({ keepAlive: true, ...this.#tls });
  }

  /** Starts a request. The path is the server's. */
  request(method: string, path: string, headers: Readonly<Record<string, string | string[]>>) {
    return request({ ...this.#tls, agent: this.#agent, method, path, headers });
  }

  /** Starts an upgrade request on a separate connection. Headers as in `rawHeaders`. */
  upgrade(method: string, path: string, headers: readonly string[]): ClientRequest {
    const socket = connect({ ...this.#tls, ALPNProtocols: ['http/1.1'] });
    socket.setNoDelay();
    const createConnection = () => socket;
    return request({ createConnection, method, path, headers, setDefaultHeaders: false });
  }

  /** Sends one request with this user's credentials. Returns the parsed body. Undefined for a refusal. */
  async json(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const outgoing = this.request(method, path, {
        ...(this.authorization && { authorization: this.authorization }),
        ...(body !== undefined && { 'content-type': 'application/merge-patch+json' }),
      });
      outgoing.once('error', reject).once('response', resolve);
      outgoing.end(body === undefined ? undefined : JSON.stringify(body));
    });
    const responseText = await text(response);
    return (response.statusCode ?? 500) < 300 ? JSON.parse(responseText) : undefined;
  }

  close(): void {
    this.#agent.destroy();
  }
}
