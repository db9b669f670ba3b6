import { closeSync, openSync } from 'node:fs';
import { fileErrorText } from './configFile.ts';
import type { ClusterEntry, ExecEntry, UserEntry } from './kubeconfigEntries.ts';
import { parseProxyUrl } from './proxyUrl.ts';

/** The errors in a cluster entry, in kubectl's words. Empty if the entry can be used. */
export function validateCluster(name: string, cluster: ClusterEntry): string[] {
  const errors: string[] = [];
  const proxy = cluster['proxy-url'];
  if (proxy) {
    const parsed = parseProxyUrl(proxy);
    if (typeof parsed === 'string')
      errors.push(`invalid 'proxy-url' ${JSON.stringify(proxy)} for cluster "${name}": ${parsed}`);
  }
  const authority = cluster['certificate-authority'];
  if (authority && cluster['certificate-authority-data'])
    errors.push(
      `certificate-authority-data and certificate-authority are both specified for ${name}. certificate-authority-data will override.`,
    );
  if (authority) errors.push(...checkReadable('certificate-authority', authority, name));
  return errors;
}

/** The errors in a user entry, in kubectl's words. Empty if the entry can be used. */
export function validateUser(name: string, user: UserEntry): string[] {
  const errors = validateCertificate(name, user);
  if (user.exec) errors.push(...validatePlugin(name, user.exec, user));
  if (user.token && (user.username || user.password))
    errors.push(
      `more than one authentication method found for ${name}; found [token basicAuth], only one is allowed`,
    );
  const impersonates =
    user['as-uid'] ||
    user['as-groups']?.length ||
    Object.keys(user['as-user-extra'] ?? {}).length > 0;
  if (impersonates && !user.as)
    errors.push(`requesting uid, groups or user-extra for ${name} without impersonating a user`);
  return errors;
}

function validateCertificate(name: string, user: UserEntry): string[] {
  const certificate = user['client-certificate'];
  const key = user['client-key'];
  const data = { certificate: user['client-certificate-data'], key: user['client-key-data'] };
  if (!certificate && !data.certificate) return [];
  const errors: string[] = [];
  if (certificate && data.certificate)
    errors.push(
      `client-cert-data and client-cert are both specified for ${name}. client-cert-data will override.`,
    );
  if (key && data.key)
    errors.push(
      `client-key-data and client-key are both specified for ${name}; client-key-data will override`,
    );
  if (!key && !data.key)
    errors.push(
      `client-key-data or client-key must be specified for ${name} to use the clientCert authentication method.`,
    );
  if (certificate) errors.push(...checkReadable('client-cert', certificate, name));
  if (key) errors.push(...checkReadable('client-key', key, name));
  return errors;
}

function validatePlugin(name: string, plugin: ExecEntry, user: UserEntry): string[] {
  const use = `for ${name} to use exec authentication plugin`;
  const errors: string[] = [];
  if (user['auth-provider'])
    errors.push(`authProvider cannot be provided in combination with an exec plugin for ${name}`);
  if (!plugin.command) errors.push(`command must be specified ${use}`);
  if (!plugin.apiVersion) errors.push(`apiVersion must be specified ${use}`);
  for (const variable of plugin.env ?? [])
    if (!variable.name) errors.push(`env variable name must be specified ${use}`);
  const mode = interactiveModeOf(plugin);
  if (mode === '') errors.push(`interactiveMode must be specified ${use}`);
  else if (!['Never', 'IfAvailable', 'Always'].includes(mode))
    errors.push(`invalid interactiveMode for ${name}: "${mode}"`);
  return errors;
}

/** The interactive mode of a plugin. It is optional before v1. */
export function interactiveModeOf({ interactiveMode, apiVersion }: ExecEntry): string {
  if (interactiveMode) return interactiveMode;
  return /\/v1(alpha|beta)1$/.test(apiVersion ?? '') ? 'IfAvailable' : '';
}

function checkReadable(what: string, file: string, name: string): string[] {
  try {
    closeSync(openSync(file, 'r'));
    return [];
  } catch (error) {
    return [
      `unable to read ${what} ${file} for ${name} due to open ${file}: ${fileErrorText(error)}`,
    ];
  }
}
