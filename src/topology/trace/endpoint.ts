import { parseAddress, sameAddress } from '../address.ts';
import type { NodeObject, PodObject, ServiceObject } from '../model/apiObjects.ts';
import type { Place, Topology } from '../topology.ts';
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

/** An error message for a word that names nothing, and what to try next, if that is known. */
export interface NotFound {
  readonly notFound: string;
  readonly next?: readonly string[];
}

/**
 * Finds what a word names: `POD`, `NAMESPACE/POD`, `pod/POD`, `svc/SERVICE`, `NAMESPACE/svc/SERVICE`,
 * `SERVICE.NAMESPACE.svc…`, `node/NODE` or an address. The address of a pod, service or node finds its owner.
 */
export function findEndpoint(
  topology: Topology,
  word: string,
  namespace: string,
): PathEndpoint | NotFound {
  const address = parseAddress(word) === undefined ? undefined : word;
  if (address !== undefined) return endpointOfAddress(topology, address);
  const { objects } = topology.facts;
  const [first = '', second, third] = word.split('/');
  if (third !== undefined) return findEndpoint(topology, `${second}/${third}`, first);
  const serviceName = /^([a-z0-9-]+)\.([a-z0-9-]+)\.svc(\.|$)/.exec(word);
  if (second === undefined && serviceName === null) return findPod(topology, namespace, word);
  if (serviceName !== null)
    return findService(topology, serviceName[2] ?? '', serviceName[1] ?? '');
  const name = second ?? '';
  if (['pod', 'pods', 'po'].includes(first)) return findPod(topology, namespace, name);
  if (['svc', 'service', 'services'].includes(first)) return findService(topology, namespace, name);
  if (['node', 'nodes', 'no'].includes(first)) {
    const node = objects.nodes?.find((candidate) => candidate.name === name);
    return node === undefined
      ? { notFound: `node "${name}" not found` }
      : endpointOfNode(topology, node);
  }
  return findPod(topology, first, name);
}

function findPod(topology: Topology, namespace: string, name: string): PathEndpoint | NotFound {
  const pod = topology.facts.objects.pods?.find(
    (candidate) => candidate.namespace === namespace && candidate.name === name,
  );
  if (pod !== undefined) return endpointOfPod(topology, pod);
  return { notFound: `pod "${name}" not found in namespace "${namespace}"` };
}

function findService(topology: Topology, namespace: string, name: string): PathEndpoint | NotFound {
  const service = topology.facts.objects.services?.find(
    (candidate) => candidate.namespace === namespace && candidate.name === name,
  );
  if (service === undefined) return serviceNotFound(topology, namespace, name);
  if (service.type === 'ExternalName')
    return {
      notFound: `service "${name}" is an ExternalName: it is an alias for a name outside the cluster and has no address`,
    };
  const { clusterAddresses } = service;
  const addresses =
    clusterAddresses.length > 0 ? clusterAddresses : addressesBehind(topology, service);
  return { kind: 'service', service, addresses };
}

function serviceNotFound(topology: Topology, namespace: string, name: string): NotFound {
  const { services } = topology.facts.objects;
  if (services === undefined)
    return {
      notFound: `service "${name}" cannot be looked up`,
      next: ['this requires permission to list services in all namespaces'],
    };
  const elsewhere = services.find((candidate) => candidate.name === name);
  return {
    notFound: `service "${name}" not found in namespace "${namespace}"`,
    next: [
      elsewhere === undefined
        ? `kubectl get services -n ${namespace}   lists the services of this namespace`
        : `there is a service of this name in another namespace: use ${elsewhere.namespace}/svc/${name}`,
    ],
  };
}

/** The addresses that the name of a headless service resolves to. */
function addressesBehind(topology: Topology, service: ServiceObject): string[] {
  const port = service.ports[0];
  // A headless service may have no port. Its endpoints then have no port either.
  if (port === undefined) return [];
  return ([4, 6] as const)
    .flatMap((family) => usableBackends(backendsOf(topology, service, port, family) ?? []))
    .map(({ address }) => address);
}

function endpointOfPod(topology: Topology, pod: PodObject): PathEndpoint {
  const place = topology.placeOfPod(pod);
  return { kind: 'pod', pod, addresses: pod.addresses, ...(place && { place }) };
}

function endpointOfNode(topology: Topology, node: NodeObject): PathEndpoint {
  const facts = topology.node(node.name);
  const place = facts && topology.hostPlace(facts);
  const addresses = node.addresses
    .filter(({ type }) => type === 'InternalIP')
    .map(({ address }) => address);
  return { kind: 'node', node, addresses, ...(place && { place }) };
}

function endpointOfAddress(topology: Topology, address: string): PathEndpoint {
  const { objects } = topology.facts;
  const service = objects.services?.find((candidate) =>
    [
      ...candidate.clusterAddresses,
      ...candidate.externalAddresses,
      ...candidate.loadBalancerAddresses,
    ].some((assigned) => sameAddress(assigned, address)),
  );
  if (service !== undefined) return { kind: 'service', service, addresses: [address] };
  const pod =
    topology.podsWithAddress(address).find(({ hostNetwork }) => !hostNetwork) ??
    objects.pods?.find((candidate) => hasFurtherAddress(topology, candidate, address));
  if (pod !== undefined) return { ...endpointOfPod(topology, pod), addresses: [address] };
  const node = objects.nodes?.find((candidate) =>
    candidate.addresses.some((assigned) => sameAddress(assigned.address, address)),
  );
  if (node !== undefined) return { ...endpointOfNode(topology, node), addresses: [address] };
  return { kind: 'address', addresses: [address] };
}

/**
 * Whether a pod has an address on an additional interface. Such addresses are not in the pod's status, but in
 * Multus's annotation or in the pod's namespace.
 */
function hasFurtherAddress(topology: Topology, pod: PodObject, address: string): boolean {
  if (pod.hostNetwork) return false;
  const networkStatus = pod.annotations['k8s.v1.cni.cncf.io/network-status'] ?? '';
  const place = topology.placeOfPod(pod);
  return (
    networkStatus.includes(`"${address}"`) ||
    (place !== undefined &&
      topology.devicesWithAddress(address).some(({ network }) => network === place.network))
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
