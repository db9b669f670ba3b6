import type { KubeApi } from './api.ts';
import { isApiError } from './apiError.ts';
import { listAll } from './listAll.ts';
import type { Pod } from './pod.ts';
import { hasFinished } from './pod.ts';

interface Named {
  readonly metadata: { readonly name: string; readonly namespace?: string };
}
interface Service extends Named {
  readonly spec: { readonly clusterIPs?: readonly string[] };
}
interface Node extends Named {
  readonly status?: {
    readonly addresses?: readonly { readonly type: string; readonly address: string }[];
  };
}

/**
 * Names for the current addresses of pods, services and nodes: `web-1`, `svc/web`, `node/n1`, prefixed with the
 * namespace if it is not the `current` one. Reads all namespaces if permitted, otherwise the current one, and reads
 * nodes if permitted. Needs `list` of pods and services.
 */
export async function clusterNames(
  api: KubeApi,
  currentNamespace: string,
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const [pods, services, nodes] = await Promise.all([
    listEverywhere<Pod>(api, 'pods', currentNamespace, signal),
    listEverywhere<Service>(api, 'services', currentNamespace, signal),
    listAll<Node>(api, '/api/v1/nodes', {}, signal).catch(ignoreForbidden),
  ]);
  const names = new Map<string, string>();
  const add = (address: string | undefined, name: string) => {
    if (address !== undefined && address !== 'None' && !names.has(address))
      names.set(address, name);
  };
  const qualifyName = ({ metadata: { namespace } }: Named, name: string) =>
    namespace === undefined || namespace === currentNamespace ? name : `${namespace}/${name}`;
  for (const { metadata, status } of nodes)
    for (const { type, address } of status?.addresses ?? [])
      if (type === 'InternalIP' || type === 'ExternalIP') add(address, `node/${metadata.name}`);
  for (const service of services)
    for (const address of service.spec.clusterIPs ?? [])
      add(address, qualifyName(service, `svc/${service.metadata.name}`));
  for (const pod of pods) {
    // The addresses of pods that have ended may belong to other pods. Pods in the host network have the node's
    // addresses.
    const { phase, podIPs, podIP } = pod.status ?? {};
    if (hasFinished(phase) || pod.spec.hostNetwork) continue;
    for (const address of podIPs?.map(({ ip }) => ip) ?? [podIP])
      add(address, qualifyName(pod, pod.metadata.name));
  }
  return names;
}

async function listEverywhere<T>(
  api: KubeApi,
  resource: string,
  namespace: string,
  signal: AbortSignal | undefined,
): Promise<T[]> {
  try {
    return await listAll<T>(api, `/api/v1/${resource}`, {}, signal);
  } catch (error) {
    if (!isApiError(error, 403)) throw error;
    return listAll<T>(api, `/api/v1/namespaces/${namespace}/${resource}`, {}, signal);
  }
}

function ignoreForbidden(error: unknown): never[] {
  if (isApiError(error, 403)) return [];
  throw error;
}
