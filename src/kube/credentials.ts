import { readFileSync } from 'node:fs';
import { Problem } from '../problem.ts';
import { fileOrData, readConfigFile } from './configFile.ts';
import type { ConnectionEvents, CredentialSource, Credentials } from './credentialSource.ts';
import type { ChosenContext } from './kubeconfig.ts';
import type { UserEntry } from './kubeconfigEntries.ts';

/**
 * The source for a chosen user. Credential plugins and auth providers are loaded only for users who have one, and run
 * at the first request. They are not used if there is a token or a password.
 */
export async function credentialSource(
  context: ChosenContext,
  events: ConnectionEvents = {},
): Promise<CredentialSource> {
  const { user } = context;
  const certificate = clientCertificate(user);
  if (user.tokenFile) return tokenFileSource(user.tokenFile, user.token, certificate);
  const authorization = authorizationHeader(user);
  if (authorization !== undefined) return fixedSource({ ...certificate, authorization });
  if (user.exec && user['auth-provider'])
    throw new Problem('execProvider and authProvider cannot be used in combination', {
      kind: 'configuration',
    });
  if (user.exec) {
    const { pluginSource } = await import('./credentialPlugin.ts');
    const plugin = pluginSource(user.exec, context.cluster, events);
    return certificate.cert ? fixedSource(certificate) : plugin;
  }
  if (user['auth-provider']) {
    const { authProviderSource } = await import('./authProvider.ts');
    return authProviderSource(user['auth-provider'], context.origin, certificate);
  }
  return fixedSource(certificate);
}

function fixedSource(credentials: Credentials): CredentialSource {
  return { current: async () => credentials };
}

function authorizationHeader({ token, username, password }: UserEntry): string | undefined {
  if (token) return `Bearer ${token}`;
  if (!username && !password) return undefined;
  return `Basic ${Buffer.from(`${username ?? ''}:${password ?? ''}`).toString('base64')}`;
}

/**
 * The kubelet renews these files, so they are read for each request. If a file is missing for a moment, the last token
 * is used.
 */
function tokenFileSource(
  file: string,
  token: string | undefined,
  certificate: Credentials,
): CredentialSource {
  let lastToken = token ?? parseToken(readConfigFile(file));
  const current = async () => {
    try {
      lastToken = parseToken(readFileSync(file)) || lastToken;
    } catch {
      // The file is missing for a moment only, or the server will report the error.
    }
    return { ...certificate, ...(lastToken && { authorization: `Bearer ${lastToken}` }) };
  };
  const renew = async ({ authorization }: Credentials) =>
    (await current()).authorization !== authorization;
  return { current, renew };
}

function parseToken(content: Buffer): string {
  return content.toString().trim();
}

function clientCertificate(user: UserEntry): Credentials {
  const cert = fileOrData(user['client-certificate'], user['client-certificate-data']);
  if (!cert) return {};
  const key = fileOrData(user['client-key'], user['client-key-data']);
  for (const [name, pem] of Object.entries({ certificate: cert, key }))
    if (!pem?.includes('-----BEGIN'))
      throw new Problem(`tls: failed to find any PEM data in ${name} input`, {
        kind: 'configuration',
      });
  return { cert, ...(key && { key }) };
}
