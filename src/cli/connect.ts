import { KubeApi } from '../kube/api.ts';
import { authenticate } from '../kube/authentication.ts';
import { chooseContext } from '../kube/kubeconfig.ts';
import type { ConnectionFlags } from '../kube/kubeconfigEntries.ts';
import { holdForPlugin, notify, reportExpiredLogin, showSlowRequest } from './console.ts';
import type { ConnectionValues } from './flags/connection.ts';
import { parseTimeout } from './flags/requestTimeout.ts';

/** A cluster, and the namespace for names without one. The layers below this folder do not know the namespace. */
export interface Connection {
  readonly api: KubeApi;
  readonly namespace: string;
}

/**
 * Connects to the cluster that the flags choose. Nothing is sent yet. Warnings about missing files and settings are
 * printed on standard error, because they may explain why the first request fails.
 */
export async function connect(flags: ConnectionValues): Promise<Connection> {
  const { 'request-timeout': timeout, ...connection } = flags;
  const requestTimeout = timeout === undefined ? undefined : parseTimeout(timeout);
  const context = chooseContext(withoutUndefined(connection));
  for (const warning of context.warnings)
    notify({ kind: 'configuration', text: `warning: ${warning}` });
  const { server } = context.cluster;
  const access = await authenticate(context, requestTimeout, {
    onRequest: () => showSlowRequest(server),
    onPlugin: holdForPlugin,
    onLoginExpired: reportExpiredLogin,
  });
  return { api: new KubeApi(access), namespace: context.namespace };
}

/** The flags that were set. */
function withoutUndefined(flags: Omit<ConnectionValues, 'request-timeout'>): ConnectionFlags {
  return Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined));
}
