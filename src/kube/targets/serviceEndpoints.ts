import type { KubeApi } from '../api.ts';
import { listAll } from '../listAll.ts';

/** The fields of discovery.k8s.io/v1 EndpointSlice that are read. */
export interface EndpointSlice {
  readonly addressType: 'IPv4' | 'IPv6' | 'FQDN';
  readonly endpoints:
    | readonly {
        readonly addresses: readonly string[];
        readonly targetRef?: { readonly kind?: string; readonly name?: string };
      }[]
    | null;
}

export function endpointSlicesPath(namespace: string): string {
  return `/apis/discovery.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/endpointslices`;
}

/** The label selector for the slices of one service. */
export function endpointSliceSelector(service: string): string {
  return `kubernetes.io/service-name=${service}`;
}

/** The names of the pods behind a service's endpoints. */
export async function endpointPods(
  api: KubeApi,
  namespace: string,
  service: string,
  signal?: AbortSignal,
): Promise<ReadonlySet<string>> {
  const slices = await listAll<EndpointSlice>(
    api,
    endpointSlicesPath(namespace),
    { labelSelector: endpointSliceSelector(service) },
    signal,
  );
  const references = slices
    .flatMap(({ endpoints }) => endpoints ?? [])
    .map((endpoint) => endpoint.targetRef);
  return new Set(references.flatMap((ref) => (ref?.kind === 'Pod' && ref.name ? [ref.name] : [])));
}
