import { isIP } from 'node:net';

/** The fields of Node's error for a certificate that is valid for other names. */
interface NameMismatch {
  readonly host?: string;
  readonly cert?: { readonly subjectaltname?: string };
}

/** Why a certificate is not valid for the requested host, in Go's words, which kubectl shows. */
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
