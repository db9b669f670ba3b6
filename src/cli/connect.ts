import { KubeApi } from '../kube/api.ts';
import { authenticate } from '../kube/authentication.ts';
import { chooseContext } from '../kube/kubeconfig.ts';
import type { ConnectionFlags } from '../kube/kubeconfigEntries.ts';
import type { NamedTarget } from '../kube/targets/parseTargets.ts';
import { letPluginAsk, note, tellOfLostLogin, tellOfRequest } from './console.ts';
import type { ConnectionValues } from './flags/connection.ts';
import { parseTimeout } from './flags/requestTimeout.ts';

/**
 * Connects to the cluster that the flags choose; nothing is sent yet. Warnings about missing files and
 * settings go to standard error, since they may explain why the first request fails.
 */
export async function connect(flags: ConnectionValues): Promise<KubeApi> {
  const { 'request-timeout': timeout, ...connection } = flags;
  const requestTimeout = timeout === undefined ? undefined : parseTimeout(timeout);
  const chosen = chooseContext(given(connection));
  for (const warning of chosen.warnings) note(`warning: ${warning}`);
  const { server } = chosen.cluster;
  const access = await authenticate(chosen, requestTimeout, {
    onRequest: () => tellOfRequest(server),
    onPlugin: letPluginAsk,
    onLoginLost: tellOfLostLogin,
  });
  return new KubeApi(access);
}

/** Connects for a command about one target: a namespace in front of its name counts as --namespace. */
export function connectFor({ namespace }: NamedTarget, flags: ConnectionValues): Promise<KubeApi> {
  return connect(namespace === undefined ? flags : { ...flags, namespace });
}

/** The flags that were given. */
function given(flags: Omit<ConnectionValues, 'request-timeout'>): ConnectionFlags {
  return Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined));
}
