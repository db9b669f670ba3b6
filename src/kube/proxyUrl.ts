/** The supported proxy protocols. socks5h is the same as socks5: the proxy always looks up the name. */
const SCHEMES = ['http:', 'https:', 'socks5:', 'socks5h:'];

/** The URL of a kubeconfig's proxy-url, or the reason why it is invalid in kubectl's words. */
export function parseProxyUrl(text: string): URL | string {
  const url = URL.parse(text);
  if (!url) return `could not parse: ${text}`;
  if (SCHEMES.includes(url.protocol)) return url;
  return `unsupported scheme "${url.protocol.slice(0, -1)}", must be http, https, or socks5`;
}
