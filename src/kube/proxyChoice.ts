import { BlockList, isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import { parseProxyUrl } from './proxyUrl.ts';

/**
 * The proxy for a server: the kubeconfig's proxy-url whatever the variables say, else the proxy from HTTPS_PROXY,
 * HTTP_PROXY and NO_PROXY, which are read as Go's httpproxy package does (golang.org/x/net/http/httpproxy): no proxy is
 * used for this machine itself.
 */
export function chooseProxy(
  server: URL,
  proxyUrl: string | undefined,
  env: NodeJS.ProcessEnv = process.env,
): URL | undefined {
  if (proxyUrl) {
    const proxy = parseProxyUrl(proxyUrl);
    return typeof proxy === 'string' ? undefined : proxy;
  }
  const text =
    server.protocol === 'https:'
      ? env.HTTPS_PROXY || env.https_proxy
      : env.HTTP_PROXY || env.http_proxy;
  if (!text) return undefined;
  return isExcluded(server, env.NO_PROXY || env.no_proxy || '')
    ? undefined
    : parseProxyVariable(text);
}

/** In the variables, a proxy may be written without a scheme: `proxy.example:3128`. */
function parseProxyVariable(text: string): URL | undefined {
  const url = parseProxyUrl(text);
  return typeof url === 'string' ? (URL.parse(`http://${text}`) ?? undefined) : url;
}

function isExcluded(server: URL, noProxy: string): boolean {
  const host = server.hostname.replace(/^\[|\]$/g, '').toLowerCase();
  const port = server.port || (server.protocol === 'https:' ? '443' : '80');
  if (host === 'localhost' || isLoopback(host)) return true;
  return noProxy.split(',').some((entry) => matchesEntry(entry.trim().toLowerCase(), host, port));
}

function isLoopback(host: string): boolean {
  return host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

/** One entry of NO_PROXY: `*`, an address, a CIDR or a domain. All except a CIDR may have a port. */
function matchesEntry(entry: string, host: string, port: string): boolean {
  if (entry === '') return false;
  if (entry === '*') return true;
  const [, network, prefix] = /^([^/]+)\/(\d+)$/.exec(entry) ?? [];
  if (network !== undefined && isIP(network)) return isWithin(host, network, Number(prefix));
  const { name, port: entryPort } = splitPort(entry);
  if (name === '' || (entryPort !== '' && entryPort !== port)) return false;
  if (isIP(name)) return isWithin(host, name, isIP(name) === 4 ? 32 : 128);
  const domain = name.startsWith('*.') ? name.slice(1) : name;
  const ascii = domainToASCII(domain.replace(/^\./, ''));
  return host.endsWith(`.${ascii}`) || (!domain.startsWith('.') && host === ascii);
}

function splitPort(entry: string): { name: string; port: string } {
  const [, bracketed, inner, plain, port = ''] =
    /^(?:(\[([^\]]*)\])|([^:]*)):(\d*)$/.exec(entry) ?? [];
  if (bracketed !== undefined) return { name: inner ?? '', port };
  return plain === undefined ? { name: entry, port: '' } : { name: plain, port };
}

function isWithin(host: string, network: string, prefix: number): boolean {
  const family = isIP(network) === 4 ? 'ipv4' : 'ipv6';
  if (isIP(host) === 0 || prefix > (family === 'ipv4' ? 32 : 128)) return false;
  const subnet = new BlockList();
  subnet.addSubnet(network, prefix, family);
  return subnet.check(host, isIP(host) === 4 ? 'ipv4' : 'ipv6');
}
