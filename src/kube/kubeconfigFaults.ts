import { closeSync, openSync } from 'node:fs';
import type { ClusterEntry, ExecEntry, UserEntry } from './kubeconfigEntries.ts';
import { fileReason } from './namedFile.ts';
import { parseProxyUrl } from './proxyUrl.ts';

/** The errors in a cluster entry, in kubectl's words. Empty if the entry can be used. */
export function clusterFaults(name: string, cluster: ClusterEntry): string[] {
  const faults: string[] = [];
  const proxy = cluster['proxy-url'];
  if (proxy) {
    const parsed = parseProxyUrl(proxy);
    if (typeof parsed === 'string')
      faults.push(`invalid 'proxy-url' ${JSON.stringify(proxy)} for cluster "${name}": ${parsed}`);
  }
  const authority = cluster['certificate-authority'];
  if (authority && cluster['certificate-authority-data'])
    faults.push(
      `certificate-authority-data and certificate-authority are both specified for ${name}. certificate-authority-data will override.`,
    );
  if (authority) faults.push(...unreadable('certificate-authority', authority, name));
  return faults;
}

/** The errors in a user entry, in kubectl's words. Empty if the entry can be used. */
export function userFaults(name: string, user: UserEntry): string[] {
  const faults = certificateFaults(name, user);
  if (user.exec) faults.push(...pluginFaults(name, user.exec, user));
  if (user.token && (user.username || user.password))
    faults.push(
      `more than one authentication method found for ${name}; found [token basicAuth], only one is allowed`,
    );
  const impersonates =
    user['as-uid'] ||
    user['as-groups']?.length ||
    Object.keys(user['as-user-extra'] ?? {}).length > 0;
  if (impersonates && !user.as)
    faults.push(`requesting uid, groups or user-extra for ${name} without impersonating a user`);
  return faults;
}

function certificateFaults(name: string, user: UserEntry): string[] {
  const certificate = user['client-certificate'];
  const key = user['client-key'];
  const data = { certificate: user['client-certificate-data'], key: user['client-key-data'] };
  if (!certificate && !data.certificate) return [];
  const faults: string[] = [];
  if (certificate && data.certificate)
    faults.push(
      `client-cert-data and client-cert are both specified for ${name}. client-cert-data will override.`,
    );
  if (key && data.key)
    faults.push(
      `client-key-data and client-key are both specified for ${name}; client-key-data will override`,
    );
  if (!key && !data.key)
    faults.push(
      `client-key-data or client-key must be specified for ${name} to use the clientCert authentication method.`,
    );
  if (certificate) faults.push(...unreadable('client-cert', certificate, name));
  if (key) faults.push(...unreadable('client-key', key, name));
  return faults;
}

function pluginFaults(name: string, plugin: ExecEntry, user: UserEntry): string[] {
  const use = `for ${name} to use exec authentication plugin`;
  const faults: string[] = [];
  if (user['auth-provider'])
    faults.push(`authProvider cannot be provided in combination with an exec plugin for ${name}`);
  if (!plugin.command) faults.push(`command must be specified ${use}`);
  if (!plugin.apiVersion) faults.push(`apiVersion must be specified ${use}`);
  for (const variable of plugin.env ?? [])
    if (!variable.name) faults.push(`env variable name must be specified ${use}`);
  const mode = interactiveModeOf(plugin);
  if (mode === '') faults.push(`interactiveMode must be specified ${use}`);
  else if (!['Never', 'IfAvailable', 'Always'].includes(mode))
    faults.push(`invalid interactiveMode for ${name}: "${mode}"`);
  return faults;
}

/** The interactive mode of a plugin. It is optional before v1. */
export function interactiveModeOf({ interactiveMode, apiVersion }: ExecEntry): string {
  if (interactiveMode) return interactiveMode;
  return /\/v1(alpha|beta)1$/.test(apiVersion ?? '') ? 'IfAvailable' : '';
}

function unreadable(what: string, file: string, name: string): string[] {
  try {
    closeSync(openSync(file, 'r'));
    return [];
  } catch (error) {
    return [`unable to read ${what} ${file} for ${name} due to open ${file}: ${fileReason(error)}`];
  }
}
