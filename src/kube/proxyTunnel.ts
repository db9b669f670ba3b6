import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect, isIP, type Socket } from 'node:net';
import { Problem } from '../problem.ts';
import type { TunnelTarget } from './socks5.ts';
import { socksConnect } from './socks5.ts';
import { systemTrust } from './systemTrust.ts';
import type { TlsSettings } from './tlsSettings.ts';

/** How long a proxy may take to open a tunnel. */
const TUNNEL_TIMEOUT_MS = 30_000;

/**
 * Opens a connection to `to` through a proxy (http, https or socks5, with user and password from its URL). `tls` says
 * how the certificate of the API server is verified. As in kubectl, this also applies to an https proxy.
 * Rejects with a Problem that names the proxy.
 */
export async function openTunnel(proxy: URL, to: TunnelTarget, tls: TlsSettings): Promise<Socket> {
  try {
    return proxy.protocol.startsWith('socks5')
      ? await throughSocks(proxy, to)
      : await throughHttp(proxy, to, tls);
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

async function throughHttp(proxy: URL, to: TunnelTarget, tls: TlsSettings): Promise<Socket> {
  const authority = `${isIP(to.host) === 6 ? `[${to.host}]` : to.host}:${to.port}`;
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const secure = proxy.protocol === 'https:';
  const request = (secure ? httpsRequest : httpRequest)({
    host: hostOf(proxy),
    port: proxy.port || (secure ? 443 : 80),
    method: 'CONNECT',
    path: authority,
    headers: { host: authority, ...authorization(proxy) },
    agent: false,
    timeout: TUNNEL_TIMEOUT_MS,
    rejectUnauthorized: tls.rejectUnauthorized,
    ...(secure && { ca: [...(tls.systemTrust ?? systemTrust()), ...(tls.ca ? [tls.ca] : [])] }),
    // Node rejects an address as the SNI name.
    ...(isIP(hostOf(proxy)) !== 0 && { servername: '' }),
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

async function throughSocks(proxy: URL, to: TunnelTarget): Promise<Socket> {
  const socket = connect({ host: hostOf(proxy), port: Number(proxy.port || 1080) });
  const timer = setTimeout(
    () => socket.destroy(new Error('the proxy does not respond')),
    TUNNEL_TIMEOUT_MS,
  );
  try {
    await socksConnect(socket, to, {
      username: decodeURIComponent(proxy.username),
      password: decodeURIComponent(proxy.password),
    });
    return socket;
  } catch (error) {
    socket.destroy();
    throw new Error(
      `socks connect tcp ${proxy.host}->${to.host}:${to.port}: ${error instanceof Error ? error.message : error}`,
      { cause: error },
    );
  } finally {
    clearTimeout(timer);
  }
}

function authorization({ username, password }: URL): Record<string, string> {
  if (!username && !password) return {};
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(pair).toString('base64')}` };
}

function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}
