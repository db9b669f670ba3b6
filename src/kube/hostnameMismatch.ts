import { isIP } from 'node:net';

/** The fields of Node's error for a certificate that is valid for other names. */
interface NameMismatch {
  readonly host?: string;
  readonly cert?: { readonly subjectaltname?: string };
}

/** Why a certificate is not valid for the requested host, in Go's words, which kubectl shows. */
export function hostnameMismatchText(error: unknown): string {
  const { host = '', cert } = error as NameMismatch;
  const hostname = host.replace(/\.$/, '');
  const names = (cert?.subjectaltname ?? '').split(', ');
  const kind = isIP(hostname) === 0 ? 'DNS:' : 'IP Address:';
  const valid = names
    .filter((name) => name.startsWith(kind))
    .map((name) => name.slice(kind.length));
  if (valid.length > 0) return `certificate is valid for ${valid.join(', ')}, not ${hostname}`;
  return isIP(hostname) === 0
    ? `certificate is not valid for any names, but wanted to match ${hostname}`
    : `cannot validate certificate for ${hostname} because it doesn't contain any IP SANs`;
}
