import type { RequestOptions } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import { messageOf, Problem } from '../problem.ts';
import type { ClusterEntry, UserEntry } from './kubeconfig.ts';

/** Credentials that a plugin gives: a client certificate, or headers, or both. */
export interface PluginAccess {
  readonly tls: { cert?: Buffer | string; key?: Buffer | string };
  headers(): Promise<Record<string, string>>;
}

/**
 * Asks client-node for the credentials of a user with an exec plugin or an auth provider (OIDC,
 * cloud). The plugin runs once now, for its certificate, and again when its token has expired.
 * Throws a Problem with the plugin's own words when it fails.
 */
export async function pluginAccess(cluster: ClusterEntry, user: UserEntry): Promise<PluginAccess> {
  const config = new KubeConfig();
  config.loadFromClusterAndUser(
    { name: 'cluster', server: cluster.server, skipTLSVerify: false },
    { name: 'user', exec: user.exec, authProvider: user['auth-provider'] },
  );
  const apply = async (): Promise<RequestOptions> => {
    const options: RequestOptions = {};
    try {
      await config.applyToHTTPSOptions(options);
      return options;
    } catch (error) {
      const plugin = typeof user.exec?.command === 'string' ? ` "${user.exec.command}"` : '';
      throw new Problem(`getting credentials: the plugin${plugin} failed: ${messageOf(error)}`, {
        next: ['run `kubectl get pods` once: it shows what the plugin itself prints'],
        cause: error,
      });
    }
  };
  const { cert, key } = await apply();
  return {
    tls: { ...pem('cert', cert), ...pem('key', key) },
    headers: async () => {
      const header = (await apply()).headers as Record<string, unknown> | undefined;
      const authorization = header?.Authorization ?? header?.authorization;
      return typeof authorization === 'string' ? { authorization } : {};
    },
  };
}

function pem(name: 'cert' | 'key', value: unknown): { cert?: Buffer | string } {
  return typeof value === 'string' || Buffer.isBuffer(value) ? { [name]: value } : {};
}
