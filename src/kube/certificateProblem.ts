import { isIP } from 'node:net';

/** What Node's TLS tells about a certificate for other names. */
interface NameMismatch {
  readonly host?: string;
  readonly cert?: { readonly subjectaltname?: string };
}

/** Why a certificate is not for the host that was called, in the words that kubectl has from Go. */
export function nameMismatch(error: unknown): string {
  const { host = '', cert } = error as NameMismatch;
  const wanted = host.replace(/\.$/, '');
  const names = (cert?.subjectaltname ?? '').split(', ');
  const kind = isIP(wanted) === 0 ? 'DNS:' : 'IP Address:';
  const valid = names
    .filter((name) => name.startsWith(kind))
    .map((name) => name.slice(kind.length));
  if (valid.length > 0) return `certificate is valid for ${valid.join(', ')}, not ${wanted}`;
  return isIP(wanted) === 0
    ? `certificate is not valid for any names, but wanted to match ${wanted}`
    : `cannot validate certificate for ${wanted} because it doesn't contain any IP SANs`;
}
