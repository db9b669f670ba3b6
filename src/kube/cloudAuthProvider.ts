import type { RequestOptions } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import { messageOf, Problem } from '../problem.ts';
import type { CredentialSource } from './credentialSource.ts';
import type { AuthProviderEntry } from './kubeconfigEntries.ts';

/**
 * The credentials of a gcp or azure auth provider. client-node runs the cloud's own command when a token has expired.
 * Throws a Problem with the command's error message if it fails.
 */
export async function cloudSource(provider: AuthProviderEntry): Promise<CredentialSource> {
  const config = new KubeConfig();
  config.loadFromClusterAndUser(
    { name: 'cluster', server: 'https://localhost', skipTLSVerify: false },
    { name: 'user', authProvider: { ...provider, config: { ...provider.config } } },
  );
  return {
    current: async () => {
      const options: RequestOptions = {};
      try {
        await config.applyToHTTPSOptions(options);
      } catch (error) {
        throw new Problem(
          `getting credentials: the auth provider "${provider.name}" failed: ${messageOf(error)}`,
          {
            kind: 'unauthenticated',
            next: ['kubectl removed this auth provider in 1.26; use the credential plugin instead'],
            cause: error,
          },
        );
      }
      const { Authorization: authorization } = options.headers as Record<string, unknown>;
      return typeof authorization === 'string' ? { authorization } : {};
    },
  };
}
