import { parseAddress, sameAddress } from '../address.ts';
import type { NodeObject, PodObject, ServiceObject } from '../model/apiObjects.ts';
import type { Place, Wiring } from '../wiring.ts';
import { backendsOf, usableBackends } from './serviceBackends.ts';

/** One end of a path. */
export type PathEndpoint =
  | {
      readonly kind: 'pod';
      readonly pod: PodObject;
      readonly place?: Place;
      readonly addresses: readonly string[];
    }
  | {
      readonly kind: 'node';
      readonly node: NodeObject;
      readonly place?: Place;
      readonly addresses: readonly string[];
    }
  | {
      readonly kind: 'service';
      readonly service: ServiceObject;
      readonly addresses: readonly string[];
    }
  /** An address outside of the cluster, or of nothing known. */
  | { readonly kind: 'address'; readonly addresses: readonly string[] };

/** An error message for a word that names nothing. */
export interface NotFound {
  readonly notFound: string;
}

/**
 * Finds what a word names: `POD`, `NAMESPACE/POD`, `pod/POD`, `svc/SERVICE`, `SERVICE.NAMESPACE.svc…`, `node/NODE`
 * or an address. The address of a pod, service or node finds its owner.
 */
export function findEndpoint(
  wiring: Wiring,
  word: string,
  namespace: string,
): PathEndpoint | NotFound {
  const address = parseAddress(word) === undefined ? undefined : word;
  if (address !== undefined) return endpointOfAddress(wiring, address);
  const { objects } = wiring.facts;
  const [first = '', second] = word.split('/');
  const serviceName = /^([a-z0-9-]+)\.([a-z0-9-]+)\.svc(\.|$)/.exec(word);
  if (second === undefined && serviceName === null) return podNamed(wiring, namespace, word);
  if (serviceName !== null) return serviceNamed(wiring, serviceName[2] ?? '', serviceName[1] ?? '');
  const name = second ?? '';
  if (['pod', 'pods', 'po'].includes(first)) return podNamed(wiring, namespace, name);
  if (['svc', 'service', 'services'].includes(first)) return serviceNamed(wiring, namespace, name);
  if (['node', 'nodes', 'no'].includes(first)) {
    const node = objects.nodes?.find((one) => one.name === name);
    return node === undefined
      ? { notFound: `node "${name}" not found` }
      : endpointOfNode(wiring, node);
  }
  return podNamed(wiring, first, name);
}

function podNamed(wiring: Wiring, namespace: string, name: string): PathEndpoint | NotFound {
  const pod = wiring.facts.objects.pods?.find(
    (one) => one.namespace === namespace && one.name === name,
  );
  if (pod !== undefined) return endpointOfPod(wiring, pod);
  return { notFound: `pod "${name}" not found in namespace "${namespace}"` };
}

function serviceNamed(wiring: Wiring, namespace: string, name: string): PathEndpoint | NotFound {
  const service = wiring.facts.objects.services?.find(
    (one) => one.namespace === namespace && one.name === name,
  );
  if (service === undefined)
    return { notFound: `service "${name}" not found in namespace "${namespace}"` };
  if (service.type === 'ExternalName')
    return {
      notFound: `service "${name}" is an ExternalName: it is an alias for a name outside the cluster and has no address`,
    };
  const { clusterAddresses } = service;
  const addresses =
    clusterAddresses.length > 0 ? clusterAddresses : addressesBehind(wiring, service);
  return { kind: 'service', service, addresses };
}

/** The addresses that the name of a headless service resolves to. */
function addressesBehind(wiring: Wiring, service: ServiceObject): string[] {
  const port = service.ports[0];
  // A headless service may have no port. Its endpoints then have no port either.
  if (port === undefined) return [];
  return ([4, 6] as const)
    .flatMap((family) => usableBackends(backendsOf(wiring, service, port, family) ?? []))
    .map(({ address }) => address);
}

function endpointOfPod(wiring: Wiring, pod: PodObject): PathEndpoint {
  const place = wiring.placeOfPod(pod);
  return { kind: 'pod', pod, addresses: pod.addresses, ...(place && { place }) };
}

function endpointOfNode(wiring: Wiring, node: NodeObject): PathEndpoint {
  const facts = wiring.node(node.name);
  const place = facts && wiring.host(facts);
  const addresses = node.addresses
    .filter(({ type }) => type === 'InternalIP')
    .map(({ address }) => address);
  return { kind: 'node', node, addresses, ...(place && { place }) };
}

function endpointOfAddress(wiring: Wiring, address: string): PathEndpoint {
  const { objects } = wiring.facts;
  const service = objects.services?.find((one) =>
    [...one.clusterAddresses, ...one.externalAddresses, ...one.loadBalancerAddresses].some((own) =>
      sameAddress(own, address),
    ),
  );
  if (service !== undefined) return { kind: 'service', service, addresses: [address] };
  const pod =
    wiring.podsWithAddress(address).find(({ hostNetwork }) => !hostNetwork) ??
    objects.pods?.find((one) => hasFurtherAddress(wiring, one, address));
  if (pod !== undefined) return { ...endpointOfPod(wiring, pod), addresses: [address] };
  const node = objects.nodes?.find((one) =>
    one.addresses.some((own) => sameAddress(own.address, address)),
  );
  if (node !== undefined) return { ...endpointOfNode(wiring, node), addresses: [address] };
  return { kind: 'address', addresses: [address] };
}

/**
 * Whether a pod has an address on an additional interface. Such addresses are not in the pod's status, but in
 * Multus's annotation or in the pod's namespace.
 */
function hasFurtherAddress(wiring: Wiring, pod: PodObject, address: string): boolean {
  if (pod.hostNetwork) return false;
  const noted = pod.annotations['k8s.v1.cni.cncf.io/network-status'] ?? '';
  const place = wiring.placeOfPod(pod);
  return (
    noted.includes(`"${address}"`) ||
    (place !== undefined &&
      wiring.withAddress(address).some(({ network }) => network === place.network))
  );
}

/** The name that a user would write: `namespace/name`, `svc/name.namespace`, `node/name` or the address. */
export function pathEndpointText(endpoint: PathEndpoint): string {
  switch (endpoint.kind) {
    case 'pod':
      return `${endpoint.pod.namespace}/${endpoint.pod.name}`;
    case 'node':
      return `node/${endpoint.node.name}`;
    case 'service':
      return `svc/${endpoint.service.name}.${endpoint.service.namespace}`;
    default:
      return endpoint.addresses[0] ?? '';
  }
}
