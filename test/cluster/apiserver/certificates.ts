import { execFile } from 'node:child_process';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Certificate {
  readonly key: string;
  readonly certificate: string;
}

export interface Certificates {
  readonly authority: Certificate;
  readonly server: Certificate;
  /** Client certificate of user `admin` in group `system:masters`. */
  readonly admin: Certificate;
}

/** Creates a certificate authority and the certificates that it signs in `folder`, with the openssl command. */
export async function makeCertificates(folder: string, host: string): Promise<Certificates> {
  const authority = await makeAuthority(folder, 'ca', '/CN=netdebug-test-ca');
  const [server, admin] = await Promise.all([
    signedBy('ca', folder, 'server', '/CN=kube-apiserver', [
      'extendedKeyUsage=serverAuth',
      `subjectAltName=IP:${host},DNS:localhost,DNS:kubernetes,DNS:kubernetes.default`,
    ]),
    signedBy('ca', folder, 'admin', '/O=system:masters/CN=admin', ['extendedKeyUsage=clientAuth']),
  ]);
  return { authority, server, admin };
}

// Other users can read a temporary folder, so keys are protected from the moment they are created.
const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** Creates the certificate of an authority: NAME.crt and NAME.key (0600) in `folder`. */
export async function makeAuthority(
  folder: string,
  name: string,
  subject: string,
): Promise<Certificate> {
  const { key, certificate } = await emptyFiles(folder, name);
  await run('openssl', [
    ...['req', '-x509', ...NEW_KEY, '-days', '30', '-subj', subject],
    ...['-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=keyCertSign,cRLSign'],
    ...['-keyout', key, '-out', certificate],
  ]);
  return readBoth(key, certificate);
}

/** Creates NAME.crt and NAME.key (0600) in `folder`, signed by the authority of that name in the same folder. */
export async function signedBy(
  authority: string,
  folder: string,
  name: string,
  subject: string,
  extensions: readonly string[],
): Promise<Certificate> {
  const { key, certificate } = await emptyFiles(folder, name);
  await run('openssl', [
    ...['req', '-x509', ...NEW_KEY, '-days', '30', '-subj', subject],
    ...['-CA', join(folder, `${authority}.crt`), '-CAkey', join(folder, `${authority}.key`)],
    ...['-addext', 'basicConstraints=critical,CA:FALSE'],
    ...extensions.flatMap((extension) => ['-addext', extension]),
    ...['-keyout', key, '-out', certificate],
  ]);
  return readBoth(key, certificate);
}

async function emptyFiles(
  folder: string,
  name: string,
): Promise<{ key: string; certificate: string }> {
  const key = join(folder, `${name}.key`);
  await writeFile(key, '', { mode: 0o600 });
  await chmod(key, 0o600);
  return { key, certificate: join(folder, `${name}.crt`) };
}

async function readBoth(key: string, certificate: string): Promise<Certificate> {
  return { key: await readFile(key, 'utf8'), certificate: await readFile(certificate, 'utf8') };
}
