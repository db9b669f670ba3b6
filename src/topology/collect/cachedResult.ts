import { basename } from 'node:path';
import { isObject, type JsonObject, listOf, nonEmptyText, objectOf } from '../../jsonObject.ts';
import type { CachedAddress, CachedInterface, CachedResult } from '../model/cniFacts.ts';
import { type FoundFile, hideSecrets, parseJsonFile } from './nodeFile.ts';

/**
 * Reads a file of libcni's result cache. Since libcni 0.8, it is an object of kind cniCacheV1 that contains the
 * result; before, it was the result alone. https://github.com/containernetworking/cni/blob/main/libcni/api.go
 */
export function parseCachedResult(file: FoundFile, showAnnotations: boolean): CachedResult {
  const { value, fault } = parseJsonFile(file);
  // The network name may contain dashes.
  const [, network, containerId, ifName] =
    /^(.*)-([0-9a-f]{64})-([^-]+)$/.exec(basename(file.path)) ?? [];
  const wrapped = isObject(value?.result) || value?.kind === 'cniCacheV1';
  const result = wrapped ? objectOf(value?.result) : objectOf(value);
  const args = argumentsOf(wrapped ? value?.cniArgs : undefined);
  const config = wrapped ? decodeConfig(value?.config) : undefined;
  const capabilities = wrapped ? value?.capabilityArgs : undefined;
  const fields = {
    containerId: nonEmptyText(value?.containerId) ?? containerId ?? args.K8S_POD_INFRA_CONTAINER_ID,
    network: nonEmptyText(value?.networkName) ?? network,
    ifName: nonEmptyText(value?.ifName) ?? ifName,
    netns: nonEmptyText(value?.netns),
    podName: args.K8S_POD_NAME,
    podNamespace: args.K8S_POD_NAMESPACE,
    podUid: args.K8S_POD_UID,
    cniVersion: nonEmptyText(result.cniVersion),
  };
  return {
    path: file.path,
    ...(fault && { fault }),
    ...(file.modifiedAt !== undefined && { modifiedAt: file.modifiedAt }),
    ...(Object.fromEntries(Object.entries(fields).filter(([, item]) => item !== undefined)) as {
      [Field in keyof typeof fields]?: string;
    }),
    args,
    ...(config !== undefined && { config: hideSecrets(config) }),
    ...(capabilities !== undefined && {
      capabilities: showAnnotations ? capabilities : hideAnnotations(capabilities),
    }),
    interfaces: interfacesOf(result),
    addresses: addressesOf(result),
    routes: routesOf(result),
    ...(isObject(result.dns) && { dns: dnsOf(result.dns) }),
  };
}

/** Arguments as pairs of key and value, since libcni 0.8. */
function argumentsOf(pairs: unknown): Record<string, string> {
  const args: Record<string, string> = {};
  for (const pair of listOf(pairs)) {
    const [key, value] = Array.isArray(pair) ? pair : [];
    if (typeof key === 'string' && typeof value === 'string') args[key] = value;
  }
  return args;
}

function decodeConfig(config: unknown): unknown {
  if (typeof config !== 'string') return config;
  const json = Buffer.from(config, 'base64').toString();
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** Annotations may contain anything, such as passwords in the last-applied configuration. */
function hideAnnotations(capabilities: unknown): unknown {
  if (!isObject(capabilities)) return null;
  return Object.fromEntries(
    Object.entries(capabilities).map(([key, value]) => [
      key,
      /annotations$/i.test(key)
        ? isObject(value)
          ? Object.fromEntries(Object.keys(value).map((name) => [name, null]))
          : null
        : hideSecrets(value),
    ]),
  );
}

function interfacesOf(result: JsonObject): CachedInterface[] {
  return listOf(result.interfaces)
    .filter(isObject)
    .map((item) => ({
      name: nonEmptyText(item.name) ?? '',
      ...(nonEmptyText(item.mac) && { mac: nonEmptyText(item.mac) as string }),
      ...(nonEmptyText(item.sandbox) && { sandbox: nonEmptyText(item.sandbox) as string }),
    }));
}

/** Reads `ips`, or `ip4` and `ip6` of versions before 0.3. */
function addressesOf(result: JsonObject): CachedAddress[] {
  const old = [result.ip4, result.ip6]
    .filter(isObject)
    .map((item) => ({ ...item, address: item.ip }));
  return [...listOf(result.ips).filter(isObject), ...old].flatMap((item: JsonObject) => {
    const address = nonEmptyText(item.address);
    if (address === undefined) return [];
    const gateway = nonEmptyText(item.gateway);
    return [
      {
        address,
        ...(gateway !== undefined && { gateway }),
        ...(typeof item.interface === 'number' && { interface: item.interface }),
      },
    ];
  });
}

function routesOf(result: JsonObject): CachedResult['routes'] {
  const old = [result.ip4, result.ip6].filter(isObject).flatMap((item) => listOf(item.routes));
  return [...listOf(result.routes), ...old].filter(isObject).flatMap((item) => {
    const [destination, gateway] = [nonEmptyText(item.dst), nonEmptyText(item.gw)];
    if (destination === undefined) return [];
    return [{ destination, ...(gateway !== undefined && { gateway }) }];
  });
}

function dnsOf(dns: JsonObject): NonNullable<CachedResult['dns']> {
  const texts = (value: unknown) => listOf(value).filter((item) => typeof item === 'string');
  const domain = nonEmptyText(dns.domain);
  return {
    nameservers: texts(dns.nameservers),
    search: texts(dns.search),
    ...(domain !== undefined && { domain }),
  };
}
