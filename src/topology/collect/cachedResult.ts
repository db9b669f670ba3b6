import { basename } from 'node:path';
import { isObject, type JsonObject } from '../../jsonObject.ts';
import type { CachedAddress, CachedInterface, CachedResult } from '../model/cniFacts.ts';
import { type FoundFile, hideSecrets, parseJsonFile } from './nodeFile.ts';

/**
 * Reads a file of libcni's cache: since 0.8 an object of kind cniCacheV1 around the result, before that the
 * bare result. https://github.com/containernetworking/cni/blob/main/libcni/api.go
 */
export function parseCachedResult(file: FoundFile, showAnnotations: boolean): CachedResult {
  const { value, fault } = parseJsonFile(file);
  // The network's name may hold dashes.
  const [, network, containerId, ifName] =
    /^(.*)-([0-9a-f]{64})-([^-]+)$/.exec(basename(file.path)) ?? [];
  const wrapped = isObject(value?.result) || value?.kind === 'cniCacheV1';
  const result = wrapped ? object(value?.result) : object(value);
  const args = argumentsOf(wrapped ? value?.cniArgs : undefined);
  const config = wrapped ? decoded(value?.config) : undefined;
  const capabilities = wrapped ? value?.capabilityArgs : undefined;
  const fields = {
    containerId: text(value?.containerId) ?? containerId ?? args.K8S_POD_INFRA_CONTAINER_ID,
    network: text(value?.networkName) ?? network,
    ifName: text(value?.ifName) ?? ifName,
    netns: text(value?.netns),
    podName: args.K8S_POD_NAME,
    podNamespace: args.K8S_POD_NAMESPACE,
    podUid: args.K8S_POD_UID,
    cniVersion: text(result.cniVersion),
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

/** Pairs, since libcni 0.8. */
function argumentsOf(pairs: unknown): Record<string, string> {
  const found: Record<string, string> = {};
  for (const pair of list(pairs)) {
    const [key, value] = Array.isArray(pair) ? pair : [];
    if (typeof key === 'string' && typeof value === 'string') found[key] = value;
  }
  return found;
}

function decoded(config: unknown): unknown {
  if (typeof config !== 'string') return config;
  const plain = Buffer.from(config, 'base64').toString();
  try {
    return JSON.parse(plain);
  } catch {
    return undefined;
  }
}

/** Annotations hold whatever people put there, last-applied configurations with passwords among them. */
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
  return list(result.interfaces)
    .filter(isObject)
    .map((item) => ({
      name: text(item.name) ?? '',
      ...(text(item.mac) && { mac: text(item.mac) as string }),
      ...(text(item.sandbox) && { sandbox: text(item.sandbox) as string }),
    }));
}

/** `ips`; of versions before 0.3 `ip4` and `ip6`. */
function addressesOf(result: JsonObject): CachedAddress[] {
  const old = [result.ip4, result.ip6]
    .filter(isObject)
    .map((item) => ({ ...item, address: item.ip }));
  return [...list(result.ips).filter(isObject), ...old].flatMap((item: JsonObject) => {
    const address = text(item.address);
    if (address === undefined) return [];
    const gateway = text(item.gateway);
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
  const old = [result.ip4, result.ip6].filter(isObject).flatMap((item) => list(item.routes));
  return [...list(result.routes), ...old].filter(isObject).flatMap((item) => {
    const [destination, gateway] = [text(item.dst), text(item.gw)];
    if (destination === undefined) return [];
    return [{ destination, ...(gateway !== undefined && { gateway }) }];
  });
}

function dnsOf(dns: JsonObject): NonNullable<CachedResult['dns']> {
  const texts = (value: unknown) => list(value).filter((item) => typeof item === 'string');
  const domain = text(dns.domain);
  return {
    nameservers: texts(dns.nameservers),
    search: texts(dns.search),
    ...(domain !== undefined && { domain }),
  };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function object(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}
