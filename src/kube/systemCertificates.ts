import { type Dirent, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { getCACertificates } from 'node:tls';

/** Where Unix systems keep the certificates that they trust (Go's crypto/x509: root_linux.go, root_bsd.go). */
const BUNDLE_FILES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/pki/tls/cacert.pem',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/cert.pem',
];
const CERTIFICATE_FOLDERS = ['/etc/ssl/certs', '/etc/pki/tls/certs'];

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/**
 * The certificates, in PEM, that kubectl trusts if no certificate authority is configured: those of the system. They
 * are found as Go finds them, with SSL_CERT_FILE and SSL_CERT_DIR. The certificates in NODE_EXTRA_CA_CERTS are added.
 * If the system has none, as in small images, Node's copy of Mozilla's list is used.
 */
export function systemCertificates(): string[] {
  const certificates =
    process.platform === 'win32' || process.platform === 'darwin'
      ? getCACertificates('system')
      : unixCertificates(process.env);
  return [
    ...(certificates.length > 0 ? certificates : getCACertificates('bundled')),
    ...getCACertificates('extra'),
  ];
}

/** Node can read them as well, but prints an error if a folder does not exist. */
function unixCertificates({
  SSL_CERT_FILE: file,
  SSL_CERT_DIR: folders,
}: NodeJS.ProcessEnv): string[] {
  const first = (file ? [file] : BUNDLE_FILES)
    .map(tryReadFile)
    .find((content) => content !== undefined);
  const others = (folders ? folders.split(':') : CERTIFICATE_FOLDERS).flatMap((folder) =>
    tryReadFolder(folder).map((name) => tryReadFile(join(folder, name))),
  );
  const contents = [first, ...others].filter((content) => content !== undefined);
  return [...new Set(contents.flatMap((content) => content.match(CERTIFICATE) ?? []))];
}

function tryReadFile(file: string): string | undefined {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return undefined;
  }
}

function tryReadFolder(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => !isHashLink(entry))
      .map(({ name }) => name);
  } catch {
    return [];
  }
}

/** OpenSSL finds certificates through links that are named by a hash, and point to files in the same folder. */
function isHashLink(entry: Dirent): boolean {
  return entry.isSymbolicLink() && !readlinkSync(join(entry.parentPath, entry.name)).includes('/');
}
