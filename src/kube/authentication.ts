import { readFileSync } from 'node:fs';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { messageOf, Problem } from '../problem.ts';
import type { ChosenContext, ClusterEntry, UserEntry } from './kubeconfig.ts';

/** What Node's TLS needs to reach and trust the server, and to be trusted by it. */
export interface TlsSettings {
  readonly ca?: Buffer;
  readonly cert?: Buffer | string;
  readonly key?: Buffer | string;
  readonly rejectUnauthorized: boolean;
  readonly servername?: string;
}

/** A server and the way to be let in; made once a command. */
export interface Access {
  readonly server: URL;
  readonly namespace: string;
  readonly tls: TlsSettings;
  /** Keeps connections open between requests; an exec takes one over and saves two round trips. */
  readonly agent: HttpAgent | HttpsAgent;
  /** Headers for one request; asked anew each time, since tokens are renewed. */
  headers(): Promise<Record<string, string | string[]>>;
}

/**
 * Turns a chosen context into what requests need. Certificates, tokens and passwords are read
 * here; credential plugins and auth providers are client-node's, loaded only for users who have
 * one because they cost start-up time.
 */
export async function authenticate({ cluster, user, namespace }: ChosenContext): Promise<Access> {
  if (cluster['proxy-url'])
    throw new Problem('the kubeconfig names a proxy for this cluster, which is not supported yet', {
      next: ['use a way to the cluster without a proxy (proxy-url)'],
    });
  const server = parseServer(cluster.server);
  const trust = trustOf(cluster, server);
  if (user.exec || user['auth-provider']) {
    const { pluginAccess } = await import('./pluginAuthentication.ts');
    const plugin = await pluginAccess(cluster, user);
    const tls = { ...trust, ...plugin.tls };
    const headers = async () => ({ ...(await plugin.headers()), ...impersonation(user) });
    return { server, namespace, tls, agent: agentFor(server, tls), headers };
  }
  const tls = { ...trust, ...clientCertificate(user) };
  const headers = async () => ({ ...authorization(user), ...impersonation(user) });
  return { server, namespace, tls, agent: agentFor(server, tls), headers };
}

/** Shorter than any load balancer keeps an idle connection, which may not be used again then. */
const IDLE_CONNECTION_MS = 4_000;

/** An agent that keeps connections to the server open for a moment, or until it is destroyed. */
export function agentFor(server: URL, tls: TlsSettings): HttpAgent | HttpsAgent {
  const options = { keepAlive: true, timeout: IDLE_CONNECTION_MS };
  return server.protocol === 'https:'
    ? new HttpsAgent({ ...options, ...tls })
    : new HttpAgent(options);
}

function parseServer(server: string): URL {
  const url = URL.parse(/^[a-z]+:\/\//i.test(server) ? server : `http://${server}`);
  if (!url) throw new Problem(`the kubeconfig names an invalid server address: ${server}`);
  return url;
}

function trustOf(cluster: ClusterEntry, server: URL): TlsSettings {
  const ca = fileOrData(cluster['certificate-authority'], cluster['certificate-authority-data']);
  const servername = cluster['tls-server-name'];
  return {
    rejectUnauthorized: cluster['insecure-skip-tls-verify'] !== true,
    ...(ca && { ca }),
    ...(servername ? { servername } : isIpAddress(server) && { servername: '' }),
  };
}

function clientCertificate(user: UserEntry): { cert?: Buffer; key?: Buffer } {
  const cert = fileOrData(user['client-certificate'], user['client-certificate-data']);
  const key = fileOrData(user['client-key'], user['client-key-data']);
  return { ...(cert && { cert }), ...(key && { key }) };
}

function authorization(user: UserEntry): Record<string, string> {
  // kubectl: tokenFile wins over token, and is read again since kubelets renew it.
  const token = user.tokenFile ? readFile(user.tokenFile).toString().trim() : user.token;
  if (token) return { authorization: `Bearer ${token}` };
  if (user.username)
    return {
      authorization: `Basic ${Buffer.from(`${user.username}:${user.password ?? ''}`).toString('base64')}`,
    };
  return {};
}

/** The user acts as another one: the API server must be told, or it would allow too much. */
function impersonation(user: UserEntry): Record<string, string | string[]> {
  const { as, 'as-groups': groups, 'as-uid': uid, 'as-user-extra': extra } = user;
  return {
    ...(as && { 'impersonate-user': as }),
    ...(groups && { 'impersonate-group': [...groups] }),
    ...(uid && { 'impersonate-uid': uid }),
    ...Object.fromEntries(
      Object.entries(extra ?? {}).map(([key, values]) => [
        `impersonate-extra-${encodeURIComponent(key)}`,
        [...values],
      ]),
    ),
  };
}

/** kubectl: the data form wins over the file form. */
function fileOrData(file: string | undefined, data: string | undefined): Buffer | undefined {
  if (data) return Buffer.from(data, 'base64');
  return file ? readFile(file) : undefined;
}

function readFile(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new Problem(`unable to read a file that the kubeconfig names: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** Node refuses an IP address as SNI name; an empty one sends none. */
function isIpAddress(server: URL): boolean {
  return server.hostname.startsWith('[') || /^[\d.]+$/.test(server.hostname);
}
