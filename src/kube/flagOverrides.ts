import type { ClusterEntry, ConnectionFlags, UserEntry } from './kubeconfigEntries.ts';

/** Applies the flags. A flag about trust replaces all trust settings of the kubeconfig. */
export function overrideCluster(entry: ClusterEntry, flags: ConnectionFlags): ClusterEntry {
  const merged: { -readonly [name in keyof ClusterEntry]: ClusterEntry[name] } = { ...entry };
  const insecure = flags['insecure-skip-tls-verify'];
  const authority = flags['certificate-authority'];
  const serverName = flags['tls-server-name'];
  if (insecure || authority !== undefined) {
    delete merged['certificate-authority'];
    delete merged['certificate-authority-data'];
    delete merged['insecure-skip-tls-verify'];
    if (insecure) merged['insecure-skip-tls-verify'] = true;
    if (authority !== undefined) merged['certificate-authority'] = authority;
  }
  if (flags.server !== undefined) {
    merged.server = flags.server;
    // The name belonged to the other server.
    delete merged['tls-server-name'];
  }
  if (serverName !== undefined) merged['tls-server-name'] = serverName;
  return merged;
}

/**
 * Applies the flags. A certificate or key replaces both of its forms (file and data). As in kubectl, --token does not
 * override a token file in the kubeconfig, which is read again for each request.
 */
export function overrideUser(entry: UserEntry, flags: ConnectionFlags): UserEntry {
  const merged: { -readonly [name in keyof UserEntry]: UserEntry[name] } = { ...entry };
  for (const name of USER_FLAGS) if (flags[name] !== undefined) merged[name] = flags[name];
  if (flags['client-certificate'] !== undefined) delete merged['client-certificate-data'];
  if (flags['client-key'] !== undefined) delete merged['client-key-data'];
  if (flags['as-group']?.length) merged['as-groups'] = flags['as-group'];
  if (flags['as-user-extra']?.length)
    merged['as-user-extra'] = { ...entry['as-user-extra'], ...userExtra(flags['as-user-extra']) };
  return merged;
}

const USER_FLAGS = [
  ...(['token', 'client-certificate', 'client-key'] as const),
  ...(['username', 'password', 'as', 'as-uid'] as const),
] as const;

/** Reads `key=value` pairs, and groups the values by key. */
function userExtra(pairs: readonly string[]): Record<string, string[]> {
  const extra = new Map<string, string[]>();
  for (const pair of pairs) {
    const [key = '', ...value] = pair.split('=');
    extra.set(key, [...(extra.get(key) ?? []), value.join('=')]);
  }
  return Object.fromEntries(extra);
}
