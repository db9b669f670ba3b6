import type { LearnedRange } from './learnedRange.ts';

/** What the API server returned. An absent list could not be read; `ClusterFacts.unknown` says why. */
export interface ApiObjects {
  readonly nodes?: readonly NodeObject[];
  readonly pods?: readonly PodObject[];
  readonly services?: readonly ServiceObject[];
  readonly endpointSlices?: readonly EndpointSliceObject[];
  readonly networkPolicies?: readonly NetworkPolicyObject[];
  /** Policies that are custom resources (Cilium, Calico, OVN …). They are not evaluated. */
  readonly otherPolicies?: readonly OtherPolicy[];
  /** Address ranges other than the nodes' `podCidrs`. */
  readonly ranges?: readonly LearnedRange[];
}

export interface NodeObject {
  readonly name: string;
  readonly ready?: boolean;
  readonly addresses: readonly { readonly type: string; readonly address: string }[];
  readonly podCidrs: readonly string[];
  /** The kubelet's pod limit (`status.allocatable.pods`). */
  readonly podLimit?: number;
  readonly labels: Readonly<Record<string, string>>;
  /** Only annotations of network plugins: flannel.alpha.coreos.com/…, projectcalico.org/…, k8s.ovn.org/… */
  readonly annotations: Readonly<Record<string, string>>;
  /** Such as `containerd://2.1.0`. */
  readonly runtime?: string;
  readonly kernel?: string;
  readonly operatingSystem?: string;
}

export interface PodObject {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly node?: string;
  readonly hostNetwork: boolean;
  readonly phase?: string;
  readonly ready: boolean;
  readonly terminating: boolean;
  /** `status.podIPs`: IPv4 and IPv6. */
  readonly addresses: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly containers: readonly ContainerObject[];
  readonly dnsPolicy?: string;
  /** Only annotations such as k8s.v1.cni.cncf.io/network-status, never those of users. */
  readonly annotations: Readonly<Record<string, string>>;
}

export interface ContainerObject {
  readonly name: string;
  /** Without the runtime's scheme; absent if the container has not started. */
  readonly id?: string;
  readonly kind: 'container' | 'init' | 'sidecar' | 'ephemeral';
  readonly running: boolean;
  readonly ports: readonly {
    readonly name?: string;
    readonly port: number;
    readonly hostPort?: number;
    readonly hostAddress?: string;
    readonly protocol: string;
  }[];
}

export interface ServiceObject {
  readonly namespace: string;
  readonly name: string;
  /** ClusterIP, NodePort, LoadBalancer or ExternalName. */
  readonly type: string;
  /** Empty for a headless service. */
  readonly clusterAddresses: readonly string[];
  readonly externalAddresses: readonly string[];
  readonly loadBalancerAddresses: readonly string[];
  readonly sourceRanges: readonly string[];
  readonly selector?: Readonly<Record<string, string>>;
  readonly ports: readonly ServicePort[];
  readonly sessionAffinity?: string;
  readonly internalTrafficPolicy?: string;
  readonly externalTrafficPolicy?: string;
  readonly publishNotReadyAddresses: boolean;
}

export interface ServicePort {
  readonly name?: string;
  readonly protocol: string;
  readonly port: number;
  readonly targetPort: number | string;
  readonly nodePort?: number;
}

export interface EndpointSliceObject {
  readonly namespace: string;
  readonly name: string;
  /** From the label kubernetes.io/service-name. */
  readonly service?: string;
  readonly addressType: string;
  readonly ports: readonly {
    readonly name?: string;
    readonly port?: number;
    readonly protocol: string;
  }[];
  readonly endpoints: readonly {
    readonly addresses: readonly string[];
    readonly node?: string;
    readonly pod?: string;
    /** As the API defines it: an absent `ready` condition means true. */
    readonly ready: boolean;
    readonly serving: boolean;
    readonly terminating: boolean;
  }[];
}

export interface NetworkPolicyObject {
  readonly namespace: string;
  readonly name: string;
  /** In the format of networking.k8s.io/v1. */
  readonly spec: Readonly<Record<string, unknown>>;
}

export interface OtherPolicy {
  /** The resource and its group: `ciliumnetworkpolicies.cilium.io`. */
  readonly resource: string;
  readonly namespace?: string;
  readonly name: string;
}
