import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ClusterEntry, UserEntry } from './kubeconfigEntries.ts';

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/** Whether this process runs in a pod with a service account. Uses kubectl's criteria. */
export function isInCluster(env: NodeJS.ProcessEnv): boolean {
  if (!env.KUBERNETES_SERVICE_HOST || !env.KUBERNETES_SERVICE_PORT) return false;
  return statSync(join(SERVICE_ACCOUNT, 'token'), { throwIfNoEntry: false })?.isFile() === true;
}

/** The server and the credentials that every pod gets. */
export function serviceAccountEntries(env: NodeJS.ProcessEnv): {
  readonly cluster: ClusterEntry;
  readonly user: UserEntry;
} {
  const host = env.KUBERNETES_SERVICE_HOST ?? '';
  return {
    cluster: {
      server: `https://${host.includes(':') ? `[${host}]` : host}:${env.KUBERNETES_SERVICE_PORT}`,
      'certificate-authority': join(SERVICE_ACCOUNT, 'ca.crt'),
    },
    user: { tokenFile: join(SERVICE_ACCOUNT, 'token') },
  };
}

/** The pod's own namespace: POD_NAMESPACE, else the service account's. */
export function podNamespace(env: NodeJS.ProcessEnv): string {
  if (env.POD_NAMESPACE) return env.POD_NAMESPACE;
  try {
    return readFileSync(join(SERVICE_ACCOUNT, 'namespace'), 'utf8').trim() || 'default';
  } catch {
    return 'default';
  }
}
