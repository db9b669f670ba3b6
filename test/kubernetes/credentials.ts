import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Certificate, makeAuthority, signedBy } from '../cluster/apiserver/certificates.ts';
import { certificateOf, writeKubeconfig } from '../cluster/apiserver/kubeconfigFiles.ts';
import { TEST_USERS } from '../cluster/apiserver/testUsers.ts';
import { API_PORT, API_SERVICE } from './addresses.ts';

/** A node that credentials are made for. */
interface Machine {
  readonly name: string;
  readonly address: string;
}

export interface Credentials {
  readonly folder: string;
  /** The administrator's kubeconfig file. */
  readonly kubeconfig: string;
  /** Name -> kubeconfig file of every user of the cluster. */
  readonly kubeconfigs: Readonly<Record<string, string>>;
}

const CLIENT = 'extendedKeyUsage=clientAuth';
const ADMIN = '/O=system:masters/CN=admin';

/**
 * Creates all credentials of the parts of a cluster in `folder`, as kubeadm does. The first node is the API server's.
 * Users with limited permissions have a token each.
 */
export async function makeCredentials(
  folder: string,
  nodes: readonly [Machine, ...Machine[]],
): Promise<Credentials> {
  await mkdir(folder, { mode: 0o700 });
  const server = `https://${nodes[0].address}:${API_PORT}`;
  const [authority] = await Promise.all([
    makeAuthority(folder, 'ca', '/CN=kubernetes'),
    makeAuthority(folder, 'front-proxy-ca', '/CN=front-proxy-ca'),
    makeServiceAccountKey(folder),
  ]);
  const by = (name: string, subject: string, ...extensions: string[]) =>
    signedBy('ca', folder, name, subject, extensions);
  const fileOf = async (name: string, user: string, made: Promise<Certificate>) => {
    const path = join(folder, `${name}.kubeconfig`);
    const credentials = certificateOf(await made);
    await writeKubeconfig(path, user, server, authority.certificate, credentials);
    return path;
  };
  const ofPart = (name: string) =>
    fileOf(name, `system:${name}`, by(name, `/CN=system:${name}`, CLIENT));
  const [kubeconfig] = await Promise.all([
    fileOf('admin', 'admin', by('admin', ADMIN, CLIENT)),
    by('apiserver', '/CN=kube-apiserver', 'extendedKeyUsage=serverAuth', serverNames(nodes[0])),
    by('apiserver-kubelet-client', '/O=system:masters/CN=kube-apiserver-kubelet-client', CLIENT),
    signedBy('front-proxy-ca', folder, 'front-proxy-client', '/CN=front-proxy-client', [CLIENT]),
    ...['kube-controller-manager', 'kube-scheduler', 'kube-proxy'].map(ofPart),
    ...nodes.flatMap(({ name, address }) => {
      const user = `system:node:${name}`;
      const client = by(`${name}-kubelet`, `/O=system:nodes/CN=${user}`, CLIENT);
      const names = `subjectAltName=IP:${address},DNS:${name}`;
      return [
        fileOf(`${name}-kubelet`, user, client),
        by(`${name}-kubelet-server`, `/CN=${user}`, 'extendedKeyUsage=serverAuth', names),
      ];
    }),
  ]);
  const users = await makeTokens(folder, server, authority);
  return { folder, kubeconfig, kubeconfigs: { admin: kubeconfig, ...users } };
}

function serverNames({ name, address }: Machine): string {
  const names = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'localhost', name];
  const domain = 'kubernetes.default.svc.cluster.local';
  const addresses = [API_SERVICE, address, '127.0.0.1'];
  return `subjectAltName=${[
    ...[...names, domain].map((name) => `DNS:${name}`),
    ...addresses.map((address) => `IP:${address}`),
  ].join()}`;
}

/** sa.key signs the tokens of service accounts, sa.pub verifies them. */
async function makeServiceAccountKey(folder: string): Promise<void> {
  const [key, open] = [join(folder, 'sa.key'), join(folder, 'sa.pub')];
  await writeFile(key, '', { mode: 0o600 });
  const run = promisify(execFile);
  await run('openssl', ['ecparam', '-genkey', '-name', 'prime256v1', '-noout', '-out', key]);
  await run('openssl', ['ec', '-in', key, '-pubout', '-out', open]);
}

/** Writes tokens.csv for the API server and a kubeconfig file for every user. Returns name -> file. */
async function makeTokens(
  folder: string,
  server: string,
  authority: Certificate,
): Promise<Record<string, string>> {
  const users = ['admin-token', ...TEST_USERS.map(({ user }) => user)];
  const files: Record<string, string> = {};
  const lines: string[] = [];
  for (const user of users) {
    const token = randomBytes(16).toString('hex');
    const groups = user === 'admin-token' ? ',system:masters' : '';
    lines.push(`${token},${user},${user}${groups}\n`);
    const path = join(folder, `${user}.kubeconfig`);
    await writeKubeconfig(path, user, server, authority.certificate, { token });
    files[user] = path;
  }
  await writeFile(join(folder, 'tokens.csv'), lines.join(''), { mode: 0o600 });
  return files;
}
