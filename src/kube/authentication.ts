import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { createSecureContext, type SecureContext } from 'node:tls';
import { messageOf, Problem } from '../problem.ts';
import { fileOrData } from './configFile.ts';
import type { ConnectionEvents, CredentialSource, Credentials } from './credentialSource.ts';
import { credentialSource } from './credentials.ts';
import { impersonationHeaders } from './impersonation.ts';
import type { ChosenContext } from './kubeconfig.ts';
import type { ClusterEntry } from './kubeconfigEntries.ts';
import type { TlsSettings } from './tlsSettings.ts';

type Agent = HttpAgent | HttpsAgent;

/** Headers of a request. A header with several values is sent once for each value. */
export type Headers = Record<string, string | string[]>;

/** A server and the credentials for it. Created once for each command. */
export interface Access {
  readonly server: URL;
  /** Read it after `headers()`: a credential plugin may have returned another certificate. */
  readonly tls: TlsSettings;
  /**
   * Keeps connections open between requests. An exec reuses one and saves two round trips. Read it after `headers()`,
   * as with `tls`.
   */
  readonly agent: Agent;
  /** Headers for one request. Call it for each request, because tokens are renewed. */
  headers(): Promise<Headers>;
  /**
   * Called when the server refused a request with these headers (401). Resolves to true if there are other credentials
   * now, so that the request is worth repeating.
   */
  renew?(refused: Headers): Promise<boolean>;
  /** Milliseconds that one request may take (--request-timeout). 0 means no limit. */
  readonly requestTimeout?: number;
  /** See ConnectionEvents. */
  readonly onRequest?: ConnectionEvents['onRequest'];
}

/**
 * Turns a chosen context into what requests need. Reads the files that it names, in kubectl's order and with kubectl's
 * errors. Credential plugins run at the first request.
 */
export async function authenticate(
  context: ChosenContext,
  requestTimeout?: number,
  events: ConnectionEvents = {},
): Promise<Access> {
  const { cluster, user } = context;
  const server = parseServer(cluster.server);
  const createAgent = await agentFactory(server, cluster['proxy-url']);
  // As in kubectl: secrets are not sent to a server without TLS, and their files are not read.
  const isTls = server.protocol === 'https:';
  const source: CredentialSource = isTls
    ? await credentialSource(context, events)
    : { current: async () => ({}) };
  const trust = isTls ? await loadTrust(cluster, server) : { rejectUnauthorized: true };
  const { onRequest } = events;
  let credentials: Credentials = {};
  let tls: TlsSettings = trust;
  let agent: Agent | undefined;
  const applyCredentials = (fresh: Credentials) => {
    if (fresh.cert !== credentials.cert || fresh.key !== credentials.key) {
      const { cert, key } = fresh;
      tls = { ...trust, ...(cert && { cert }), ...(key && { key }) };
      if (cert) tls = { ...tls, secureContext: createTlsContext(tls) };
      // Idle connections use the old certificate. Connections in use continue.
      agent?.destroy();
      agent = undefined;
    }
    credentials = fresh;
  };
  const credentialsOfHeaders = new WeakMap<Headers, Credentials>();
  return {
    server,
    get tls() {
      return tls;
    },
    get agent() {
      agent ??= createAgent(tls);
      return agent;
    },
    headers: async () => {
      const fresh = await source.current();
      applyCredentials(fresh);
      const { authorization } = fresh;
      const headers = { ...(authorization && { authorization }), ...impersonationHeaders(user) };
      credentialsOfHeaders.set(headers, fresh);
      return headers;
    },
    ...(source.renew && {
      renew: async (refused) =>
        (await source.renew?.(credentialsOfHeaders.get(refused) ?? {})) ?? false,
    }),
    ...(requestTimeout !== undefined && { requestTimeout }),
    ...(onRequest && { onRequest }),
  };
}

/** Shorter than the idle timeout of any load balancer, after which a connection may no longer be used. */
const IDLE_CONNECTION_MS = 4_000;
const AGENT_OPTIONS = { keepAlive: true, timeout: IDLE_CONNECTION_MS };

/** An agent that keeps idle connections to the server open for a moment, or until it is destroyed. */
export function agentFor(server: URL, tls: TlsSettings): Agent {
  return server.protocol === 'https:'
    ? new HttpsAgent({ ...AGENT_OPTIONS, ...tls })
    : new HttpAgent(AGENT_OPTIONS);
}

const PROXY_VARIABLES = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'];

/** Creates agents for a server, through its proxy if there is one. The code for proxies is loaded only then. */
async function agentFactory(
  server: URL,
  proxyUrl: string | undefined,
): Promise<(tls: TlsSettings) => Agent> {
  const direct = (tls: TlsSettings) => agentFor(server, tls);
  if (!proxyUrl && !PROXY_VARIABLES.some((name) => process.env[name])) return direct;
  const { chooseProxy } = await import('./proxyChoice.ts');
  const proxy = chooseProxy(server, proxyUrl);
  if (!proxy) return direct;
  const { proxyAgent } = await import('./proxyAgent.ts');
  return (tls) => proxyAgent(server, proxy, tls, { ...AGENT_OPTIONS, ...tls });
}

/** As in kubectl, an address without a scheme means no TLS. */
function parseServer(server: string): URL {
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(server) ? server : `http://${server}`);
  if (!url || url.hostname === '')
    throw new Problem(`host must be a URL or a host:port pair: ${JSON.stringify(server)}`, {
      kind: 'configuration',
    });
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw new Problem(
      `Unable to connect to the server: unsupported protocol scheme "${url.protocol.slice(0, -1)}"`,
      { kind: 'configuration' },
    );
  return url;
}

/** If the kubeconfig has no certificate authority, the system's certificates are trusted. */
async function loadTrust(cluster: ClusterEntry, server: URL): Promise<TlsSettings> {
  const ca = fileOrData(cluster['certificate-authority'], cluster['certificate-authority-data']);
  const insecure = cluster['insecure-skip-tls-verify'] === true;
  if (ca && insecure)
    throw new Problem('specifying a root certificates file with the insecure flag is not allowed', {
      kind: 'configuration',
    });
  if (ca && !ca.includes('-----BEGIN CERTIFICATE-----'))
    throw new Problem('unable to load root certificates: unable to parse bytes as PEM block', {
      kind: 'configuration',
    });
  const servername = cluster['tls-server-name'];
  const systemTrust =
    ca || insecure ? undefined : (await import('./systemCertificates.ts')).systemCertificates();
  return {
    rejectUnauthorized: !insecure,
    ...(ca && { ca }),
    ...(systemTrust && { systemTrust, secureContext: createSecureContext({ ca: systemTrust }) }),
    ...(servername ? { servername } : isIpAddress(server) && { servername: '' }),
  };
}

/**
 * Throws a Problem if the key does not match the certificate. Node would only report that in the middle of a request.
 */
function createTlsContext({ ca, systemTrust, cert, key }: TlsSettings): SecureContext {
  try {
    return createSecureContext({ ca: ca ?? systemTrust, cert, key });
  } catch (error) {
    const reason = /key values mismatch/.test(messageOf(error))
      ? 'tls: private key does not match public key'
      : messageOf(error);
    throw new Problem(`Unable to connect to the server: ${reason}`, {
      kind: 'configuration',
      cause: error,
    });
  }
}

/** Node rejects an IP address as the SNI name. With an empty name, none is sent. */
function isIpAddress(server: URL): boolean {
  return server.hostname.startsWith('[') || /^[\d.]+$/.test(server.hostname);
}
