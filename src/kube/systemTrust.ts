import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { getCACertificates } from 'node:tls';

/** Where Unix systems keep the certificates that they trust: Go's crypto/x509, root_linux.go and root_bsd.go. */
const FILES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/pki/tls/cacert.pem',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/cert.pem',
];
const FOLDERS = ['/etc/ssl/certs', '/etc/pki/tls/certs'];

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/**
 * The certificates, in PEM, that kubectl trusts where no certificate authority is configured: those of the system,
 * found as Go finds them, with SSL_CERT_FILE and SSL_CERT_DIR. Those of NODE_EXTRA_CA_CERTS are added. Where the system
 * has none, as in small images, those of Node serve, which are Mozilla's.
 */
export function systemTrust(): string[] {
  const found =
    process.platform === 'win32' || process.platform === 'darwin'
      ? getCACertificates('system')
      : unixTrust(process.env);
  return [
    ...(found.length > 0 ? found : getCACertificates('bundled')),
    ...getCACertificates('extra'),
  ];
}

/** Node reads them too, but complains on standard error about a folder that is absent. */
function unixTrust({ SSL_CERT_FILE: file, SSL_CERT_DIR: folders }: NodeJS.ProcessEnv): string[] {
  const first = (file ? [file] : FILES).map(contentOf).find((content) => content !== undefined);
  const others = (folders ? folders.split(':') : FOLDERS).flatMap((folder) =>
    namesIn(folder).map((name) => contentOf(join(folder, name))),
  );
  const contents = [first, ...others].filter((content) => content !== undefined);
  return [...new Set(contents.flatMap((content) => content.match(CERTIFICATE) ?? []))];
}

function contentOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return undefined;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
