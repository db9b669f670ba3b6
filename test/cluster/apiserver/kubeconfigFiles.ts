import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Certificate, Certificates } from './certificates.ts';
import { TEST_USERS } from './testUsers.ts';
import type { Tokens } from './tokens.ts';
import { authenticated, SUPERUSERS } from './users.ts';

/** Token users and their groups. */
const TOKEN_USERS: Readonly<Record<string, readonly string[]>> = {
  'admin-token': [SUPERUSERS],
  ...Object.fromEntries(TEST_USERS.map(({ user }) => [user, []])),
};

/** Writes a kubeconfig file (0600) for every user into `folder`. Returns user name -> path. */
export async function writeKubeconfigs(
  folder: string,
  server: string,
  certificates: Certificates,
  tokens: Tokens,
): Promise<Record<string, string>> {
  const { authority, admin } = certificates;
  const adminCertificate = certificateOf(admin);
  const users: [user: string, credentials: Record<string, string>][] = [
    ['admin', adminCertificate],
    ...Object.entries(TOKEN_USERS).map(([user, groups]): [string, Record<string, string>] => [
      user,
      { token: tokens.add(authenticated(user, groups)) },
    ]),
  ];
  const paths: Record<string, string> = {};
  for (const [user, credentials] of users) {
    const path = join(folder, `${user}.kubeconfig`);
    await writeKubeconfig(path, user, server, authority.certificate, credentials);
    paths[user] = path;
  }
  return paths;
}

/** Credentials of a user with a client certificate. */
export function certificateOf({ certificate, key }: Certificate): Record<string, string> {
  return { 'client-certificate-data': base64(certificate), 'client-key-data': base64(key) };
}

/** Writes one kubeconfig file (0600). Credentials are in the format of its `users` entry. */
export async function writeKubeconfig(
  path: string,
  user: string,
  server: string,
  authority: string,
  credentials: Record<string, string>,
): Promise<void> {
  const text = JSON.stringify(kubeconfig(user, server, authority, credentials), null, 2);
  await writeFile(path, text, { mode: 0o600 });
  await chmod(path, 0o600);
}

function kubeconfig(
  user: string,
  server: string,
  authority: string,
  credentials: Record<string, string>,
): unknown {
  const cluster = 'netdebug-test';
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      { name: cluster, cluster: { server, 'certificate-authority-data': base64(authority) } },
    ],
    users: [{ name: user, user: credentials }],
    contexts: [{ name: cluster, context: { cluster, user, namespace: 'default' } }],
    'current-context': cluster,
  };
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
