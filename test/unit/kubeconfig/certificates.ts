import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Pem {
  readonly key: string;
  readonly certificate: string;
  readonly keyFile: string;
  readonly file: string;
}

/** The certificates of the servers and clients in these tests, created with the openssl command. */
export interface TestCertificates {
  readonly authority: Pem;
  /** An authority that signed nothing here. */
  readonly stranger: Pem;
  readonly server: Pem;
  readonly clients: readonly [Pem, Pem];
}

export function makeCertificates(folder: string): TestCertificates {
  const make = (name: string, subject: string, ...options: string[]): Pem => {
    const [keyFile, file] = [join(folder, `${name}.key`), join(folder, `${name}.crt`)];
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    const common = ['-x509', '-days', '2', '-subj', subject, '-keyout', keyFile, '-out', file];
    execFileSync('openssl', ['req', ...key, ...common, ...options], { stdio: 'pipe' });
    const [keyText, certificate] = [readFileSync(keyFile, 'utf8'), readFileSync(file, 'utf8')];
    return { key: keyText, certificate, keyFile, file };
  };
  const authority = make('ca', '/CN=test-ca', '-addext', 'keyUsage=keyCertSign,cRLSign');
  const signed = ['-CA', authority.file, '-CAkey', authority.keyFile];
  const leaf = [...signed, '-addext', 'basicConstraints=critical,CA:FALSE'];
  const names = 'subjectAltName=IP:127.0.0.1,DNS:kubernetes,DNS:kubernetes.default';
  return {
    authority,
    stranger: make('stranger', '/CN=stranger'),
    server: make('server', '/CN=server', ...leaf, '-addext', names),
    clients: [make('client-1', '/CN=client-1', ...leaf), make('client-2', '/CN=client-2', ...leaf)],
  };
}
