import { Problem } from '../problem.ts';
import type { CredentialSource, Credentials } from './credentialSource.ts';
import type { UserOrigin } from './kubeconfig.ts';
import type { AuthProviderEntry } from './kubeconfigEntries.ts';

/** Providers that kubectl removed in 1.26. client-node still supports them. */
const REMOVED_PROVIDERS = ['gcp', 'azure'];

/** The source for a user with an auth provider. Throws a Problem if the provider is not supported. */
export async function authProviderSource(
  provider: AuthProviderEntry,
  origin: UserOrigin | undefined,
  certificate: Credentials,
): Promise<CredentialSource> {
  const { name = '', config = {} } = provider;
  if (name === 'oidc') {
    const { oidcSource } = await import('./oidc.ts');
    return withCertificate(oidcSource(config, origin), certificate);
  }
  if (!REMOVED_PROVIDERS.includes(name))
    throw new Problem(`no Auth Provider found for name "${name}"`, { kind: 'configuration' });
  const { cloudSource } = await import('./cloudAuthProvider.ts');
  return withCertificate(await cloudSource(provider), certificate);
}

function withCertificate(source: CredentialSource, certificate: Credentials): CredentialSource {
  const { current, renew } = source;
  return {
    current: async () => ({ ...certificate, ...(await current()) }),
    ...(renew && { renew }),
  };
}
