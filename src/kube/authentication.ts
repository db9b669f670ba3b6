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
  headers(): Promise<Record<string, string>>;
}

/**
 * Turns a chosen context into what requests need. Certificates, tokens and passwords are read
 * here; credential plugins and auth providers are client-node's, loaded only for users who have
 * one because they cost start-up time.
 */
export async function authenticate({ cluster, user, namespace }: ChosenContext): Promise<Access> {
  const server = parseServer(cluster.server);
  const trust = trustOf(cluster, server);
  if (user.exec || user['auth-provider']) {
    const { pluginAccess } = await import('./pluginAuthentication.ts');
    const plugin = await pluginAccess(cluster, user);
    const tls = { ...trust, ...plugin.tls };
    return { server, namespace, tls, agent: agentFor(server, tls), headers: plugin.headers };
  }
  const tls = { ...trust, ...clientCertificate(user) };
  const headers = async () => authorization(user);
  return { server, namespace, tls, agent: agentFor(server, tls), headers };
}

/** An agent that keeps connections to the server open until it is destroyed. */
export function agentFor(server: URL, tls: TlsSettings): HttpAgent | HttpsAgent {
  return server.protocol === 'https:'
    ? new HttpsAgent({ keepAlive: true, ...tls })
    : new HttpAgent({ keepAlive: true });
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
