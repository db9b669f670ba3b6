/** The ways to talk to a proxy; socks5h is socks5, whose proxy always looks the name up. */
const SCHEMES = ['http:', 'https:', 'socks5:', 'socks5h:'];

/** A kubeconfig's proxy-url, or in kubectl's words why it is none. */
export function parseProxyUrl(text: string): URL | string {
  const url = URL.parse(text);
  if (!url) return `could not parse: ${text}`;
  if (SCHEMES.includes(url.protocol)) return url;
  return `unsupported scheme "${url.protocol.slice(0, -1)}", must be http, https, or socks5`;
}
