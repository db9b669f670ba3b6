import type { ContainerStatus, Pod } from '../../kube/pod.ts';
import type {
  ContainerObject,
  EndpointSliceObject,
  NetworkPolicyObject,
  NodeObject,
  PodObject,
  ServiceObject,
} from '../model/apiObjects.ts';

type Texts = Readonly<Record<string, string>>;

interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Texts;
  readonly annotations?: Texts;
}

/** The parts of a core/v1 Node that we read. */
export interface RawNode {
  readonly metadata: Metadata;
  readonly spec?: { readonly podCIDR?: string; readonly podCIDRs?: readonly string[] };
  readonly status?: {
    readonly addresses?: readonly { readonly type: string; readonly address: string }[];
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly allocatable?: Texts;
    readonly nodeInfo?: {
      readonly containerRuntimeVersion?: string;
      readonly kernelVersion?: string;
      readonly operatingSystem?: string;
    };
  };
}

/** Annotations of network plugins and kubelets. Users' own annotations may contain anything, so they are dropped. */
const PLUGIN_ANNOTATIONS =
  /^(?:flannel\.alpha\.coreos\.com|projectcalico\.org|k8s\.ovn\.org|k8s\.v1\.cni\.cncf\.io|cni\.projectcalico\.org|network\.cilium\.io|node\.antrea\.io|kube-router\.io|kubernetes\.io\/config|sidecar\.istio\.io\/status|linkerd\.io\/proxy-version)/;

function pluginAnnotations(annotations: Texts = {}): Record<string, string> {
  return Object.fromEntries(
    Object.entries(annotations).filter(([name]) => PLUGIN_ANNOTATIONS.test(name)),
  );
}

export function nodeObject({ metadata, spec, status }: RawNode): NodeObject {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  const { containerRuntimeVersion, kernelVersion, operatingSystem } = status?.nodeInfo ?? {};
  const podLimit = Number(status?.allocatable?.pods);
  return {
    name: metadata.name,
    ...(ready && { ready: ready.status === 'True' }),
    addresses: status?.addresses ?? [],
    podCidrs: spec?.podCIDRs ?? (spec?.podCIDR ? [spec.podCIDR] : []),
    ...(Number.isInteger(podLimit) && { podLimit }),
    labels: metadata.labels ?? {},
    annotations: pluginAnnotations(metadata.annotations),
    ...(containerRuntimeVersion && { runtime: containerRuntimeVersion }),
    ...(kernelVersion && { kernel: kernelVersion }),
    ...(operatingSystem && { operatingSystem }),
  };
}

interface RawContainer {
  readonly name: string;
  readonly restartPolicy?: string;
  readonly ports?: readonly {
    readonly name?: string;
    readonly containerPort: number;
    readonly hostPort?: number;
    readonly hostIP?: string;
    readonly protocol?: string;
  }[];
}

export function podObject(pod: Pod): PodObject {
  const { metadata, spec, status } = pod;
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  const dnsPolicy = (spec as { readonly dnsPolicy?: string }).dnsPolicy;
  const statuses = new Map(
    [
      ...(status?.containerStatuses ?? []),
      ...(status?.initContainerStatuses ?? []),
      ...(status?.ephemeralContainerStatuses ?? []),
    ].map((entry) => [entry.name, entry]),
  );
  const convert = (kind: ContainerObject['kind']) => (container: RawContainer) =>
    containerObject(container, kind, statuses.get(container.name));
  return {
    namespace: metadata.namespace,
    name: metadata.name,
    uid: metadata.uid,
    ...(spec.nodeName !== undefined && { node: spec.nodeName }),
    hostNetwork: spec.hostNetwork === true,
    ...(status?.phase && { phase: status.phase }),
    ready: ready?.status === 'True',
    terminating: metadata.deletionTimestamp !== undefined,
    addresses: (status?.podIPs ?? (status?.podIP ? [{ ip: status.podIP }] : [])).map(
      ({ ip }) => ip,
    ),
    labels: metadata.labels ?? {},
    containers: [
      ...spec.containers.map(convert('container')),
      ...(spec.initContainers ?? []).map((container) =>
        convert(container.restartPolicy === 'Always' ? 'sidecar' : 'init')(container),
      ),
      ...(spec.ephemeralContainers ?? []).map(convert('ephemeral')),
    ],
    ...(dnsPolicy && { dnsPolicy }),
    annotations: pluginAnnotations(metadata.annotations),
  };
}

function containerObject(
  { name, ports = [] }: RawContainer,
  kind: ContainerObject['kind'],
  status: ContainerStatus | undefined,
): ContainerObject {
  const id = status?.containerID?.replace(/^.*:\/\//, '');
  return {
    name,
    ...(id && { id }),
    kind,
    running: status?.state?.running !== undefined,
    ports: ports.map(({ name, containerPort, hostPort, hostIP, protocol = 'TCP' }) => ({
      ...(name !== undefined && { name }),
      port: containerPort,
      ...(hostPort !== undefined && { hostPort }),
      ...(hostIP !== undefined && { hostAddress: hostIP }),
      protocol,
    })),
  };
}

/** The parts of a core/v1 Service that we read. */
export interface RawService {
  readonly metadata: Metadata;
  readonly spec?: {
    readonly type?: string;
    readonly clusterIP?: string;
    readonly clusterIPs?: readonly string[];
    readonly externalIPs?: readonly string[];
    readonly loadBalancerSourceRanges?: readonly string[];
    readonly selector?: Texts;
    readonly ports?: readonly {
      readonly name?: string;
      readonly protocol?: string;
      readonly port: number;
      readonly targetPort?: number | string;
      readonly nodePort?: number;
    }[];
    readonly sessionAffinity?: string;
    readonly internalTrafficPolicy?: string;
    readonly externalTrafficPolicy?: string;
    readonly publishNotReadyAddresses?: boolean;
  };
  readonly status?: {
    readonly loadBalancer?: { readonly ingress?: readonly { readonly ip?: string }[] };
  };
}

export function serviceObject({ metadata, spec = {}, status }: RawService): ServiceObject {
  const addresses = spec.clusterIPs ?? (spec.clusterIP ? [spec.clusterIP] : []);
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    type: spec.type ?? 'ClusterIP',
    clusterAddresses: addresses.filter((address) => address !== '' && address !== 'None'),
    externalAddresses: spec.externalIPs ?? [],
    loadBalancerAddresses: (status?.loadBalancer?.ingress ?? [])
      .map(({ ip }) => ip)
      .filter((ip) => ip !== undefined),
    sourceRanges: spec.loadBalancerSourceRanges ?? [],
    ...(spec.selector && { selector: spec.selector }),
    ports: (spec.ports ?? []).map(({ name, protocol = 'TCP', port, targetPort, nodePort }) => ({
      ...(name !== undefined && { name }),
      protocol,
      port,
      targetPort: targetPort ?? port,
      ...(nodePort !== undefined && { nodePort }),
    })),
    ...(spec.sessionAffinity && { sessionAffinity: spec.sessionAffinity }),
    ...(spec.internalTrafficPolicy && { internalTrafficPolicy: spec.internalTrafficPolicy }),
    ...(spec.externalTrafficPolicy && { externalTrafficPolicy: spec.externalTrafficPolicy }),
    publishNotReadyAddresses: spec.publishNotReadyAddresses === true,
  };
}

/** The parts of a discovery.k8s.io/v1 EndpointSlice that we read. */
export interface RawSlice {
  readonly metadata: Metadata;
  readonly addressType: string;
  readonly ports?: readonly {
    readonly name?: string;
    readonly port?: number;
    readonly protocol?: string;
  }[];
  readonly endpoints?: readonly {
    readonly addresses: readonly string[];
    readonly nodeName?: string;
    readonly targetRef?: { readonly kind?: string; readonly name?: string };
    readonly conditions?: {
      readonly ready?: boolean;
      readonly serving?: boolean;
      readonly terminating?: boolean;
    };
  }[];
}

export function endpointSliceObject(slice: RawSlice): EndpointSliceObject {
  const { metadata, addressType, ports, endpoints } = slice;
  const service = metadata.labels?.['kubernetes.io/service-name'];
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    ...(service !== undefined && { service }),
    addressType,
    ports: (ports ?? []).map(({ name, port, protocol = 'TCP' }) => ({
      ...(name && { name }),
      ...(port !== undefined && { port }),
      protocol,
    })),
    endpoints: (endpoints ?? []).map(({ addresses, nodeName, targetRef, conditions }) => ({
      addresses,
      ...(nodeName !== undefined && { node: nodeName }),
      ...(targetRef?.kind === 'Pod' && targetRef.name !== undefined && { pod: targetRef.name }),
      ready: conditions?.ready ?? true,
      serving: conditions?.serving ?? conditions?.ready ?? true,
      terminating: conditions?.terminating ?? false,
    })),
  };
}

/** A networking.k8s.io/v1 NetworkPolicy. */
export interface RawPolicy {
  readonly metadata: Metadata;
  readonly spec?: Readonly<Record<string, unknown>>;
}

export function networkPolicyObject({ metadata, spec }: RawPolicy): NetworkPolicyObject {
  return { namespace: metadata.namespace ?? '', name: metadata.name, spec: spec ?? {} };
}
