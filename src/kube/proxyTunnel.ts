import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect, isIP, type Socket } from 'node:net';
import { Problem } from '../problem.ts';
import type { TunnelTarget } from './socks5.ts';
import { socksConnect } from './socks5.ts';
import { systemCertificates } from './systemCertificates.ts';
import type { TlsSettings } from './tlsSettings.ts';

/** How long a proxy may take to open a tunnel. */
const TUNNEL_TIMEOUT_MS = 30_000;

/**
 * Opens a connection to `to` through a proxy (http, https or socks5, with user and password from its URL). `tls` says
 * how the certificate of the API server is verified. As in kubectl, this also applies to an https proxy.
 * Rejects with a Problem that names the proxy.
 */
export async function openTunnel(
  proxy: URL,
  target: TunnelTarget,
  tls: TlsSettings,
): Promise<Socket> {
  try {
    return proxy.protocol.startsWith('socks5')
      ? await connectThroughSocks(proxy, target)
      : await connectThroughHttp(proxy, target, tls);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Problem(`Unable to connect to the server: ${reason}`, {
      kind: 'unreachable',
      next: [
        `it is accessed through the proxy ${proxy.protocol}//${proxy.host}`,
        'proxies are set with proxy-url in the kubeconfig, HTTPS_PROXY, HTTP_PROXY and NO_PROXY',
      ],
      cause: error,
    });
  }
}

async function connectThroughHttp(
  proxy: URL,
  target: TunnelTarget,
  tls: TlsSettings,
): Promise<Socket> {
  const authority = `${isIP(target.host) === 6 ? `[${target.host}]` : target.host}:${target.port}`;
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const secure = proxy.protocol === 'https:';
  const request = (secure ? httpsRequest : httpRequest)({
    host: hostWithoutBrackets(proxy),
    port: proxy.port || (secure ? 443 : 80),
    method: 'CONNECT',
    path: authority,
    headers: { host: authority, ...proxyAuthorization(proxy) },
    agent: false,
    timeout: TUNNEL_TIMEOUT_MS,
    rejectUnauthorized: tls.rejectUnauthorized,
    ...(secure && {
      ca: [...(tls.systemTrust ?? systemCertificates()), ...(tls.ca ? [tls.ca] : [])],
    }),
    // Node rejects an address as the SNI name.
    ...(isIP(hostWithoutBrackets(proxy)) !== 0 && { servername: '' }),
  });
  request.once('connect', (response, socket: Socket) => {
    if (response.statusCode === 200) {
      socket.setTimeout(0);
      resolve(socket);
    } else {
      socket.destroy();
      reject(
        new Error(response.statusMessage || `the proxy responded with ${response.statusCode}`),
      );
    }
  });
  request.once('timeout', () => request.destroy(new Error('the proxy does not respond')));
  request.once('error', (error) =>
    reject(new Error(`proxyconnect tcp: ${error.message}`, { cause: error })),
  );
  request.end();
  return promise;
}

async function connectThroughSocks(proxy: URL, target: TunnelTarget): Promise<Socket> {
  const socket = connect({ host: hostWithoutBrackets(proxy), port: Number(proxy.port || 1080) });
  const timer = setTimeout(
    () => socket.destroy(new Error('the proxy does not respond')),
    TUNNEL_TIMEOUT_MS,
  );
  try {
    await socksConnect(socket, target, {
      username: decodeURIComponent(proxy.username),
      password: decodeURIComponent(proxy.password),
    });
    return socket;
  } catch (error) {
    socket.destroy();
    throw new Error(
      `socks connect tcp ${proxy.host}->${target.host}:${target.port}: ${error instanceof Error ? error.message : error}`,
      { cause: error },
    );
  } finally {
    clearTimeout(timer);
  }
}

function proxyAuthorization({ username, password }: URL): Record<string, string> {
  if (!username && !password) return {};
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(pair).toString('base64')}` };
}

function hostWithoutBrackets(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}
