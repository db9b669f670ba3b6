/** The fields of core/v1 Pod that are read, as the API server sends them. */
export interface Pod {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly creationTimestamp?: string;
    readonly deletionTimestamp?: string;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly labels?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly {
      readonly kind: string;
      readonly name: string;
      readonly uid: string;
    }[];
  };
  readonly spec: {
    readonly nodeName?: string;
    readonly hostNetwork?: boolean;
    readonly runtimeClassName?: string;
    readonly shareProcessNamespace?: boolean;
    readonly os?: { readonly name?: string };
    readonly nodeSelector?: Readonly<Record<string, string>>;
    readonly containers: readonly Container[];
    readonly initContainers?: readonly Container[];
    readonly ephemeralContainers?: readonly EphemeralContainer[];
    readonly volumes?: readonly Volume[];
  };
  readonly status?: {
    readonly phase?: 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown';
    readonly reason?: string;
    readonly message?: string;
    readonly podIP?: string;
    readonly podIPs?: readonly { readonly ip: string }[];
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason?: string;
      readonly message?: string;
      readonly lastTransitionTime?: string;
    }[];
    readonly containerStatuses?: readonly ContainerStatus[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
    readonly ephemeralContainerStatuses?: readonly ContainerStatus[];
  };
}

export interface Container {
  readonly name: string;
  readonly image?: string;
  readonly resources?: { readonly limits?: Readonly<Record<string, string | number>> };
  /** `Always` makes an init container a sidecar, which runs beside the other containers. */
  readonly restartPolicy?: string;
  readonly command?: readonly string[];
  readonly ports?: readonly ContainerPort[];
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
  readonly securityContext?: SecurityContext;
}

/** A port that a container is declared to listen on. Nothing verifies it. */
export interface ContainerPort {
  readonly name?: string;
  readonly containerPort: number;
  /** `TCP` if absent. */
  readonly protocol?: string;
  /** A port of the node that is forwarded to this port. */
  readonly hostPort?: number;
  /** The node's address that the host port is bound to. All addresses if absent. */
  readonly hostIP?: string;
}

/** A volume of a pod: its name, and a field that is named after its type (`emptyDir`, `configMap` …). */
export interface Volume {
  readonly name: string;
  readonly emptyDir?: { readonly medium?: string; readonly sizeLimit?: string | number };
  readonly [kind: string]: unknown;
}

/** A container added to a running pod; it can never be changed or removed. */
export interface EphemeralContainer extends Container {
  readonly image: string;
  readonly imagePullPolicy?: PullPolicy;
  readonly targetContainerName?: string;
}

export type PullPolicy = 'Always' | 'IfNotPresent' | 'Never';

export interface SecurityContext {
  readonly runAsUser?: number;
  readonly runAsGroup?: number;
  readonly runAsNonRoot?: boolean;
  readonly allowPrivilegeEscalation?: boolean;
  readonly capabilities?: { readonly add?: readonly string[]; readonly drop?: readonly string[] };
  readonly seccompProfile?: { readonly type: string };
  readonly appArmorProfile?: { readonly type: string };
}

/** A pod to create. */
export interface NewPod {
  readonly apiVersion: 'v1';
  readonly kind: 'Pod';
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  };
  readonly spec: Readonly<Record<string, unknown>>;
}

export interface ContainerStatus {
  readonly name: string;
  readonly containerID?: string;
  readonly state?: {
    readonly running?: { readonly startedAt?: string };
    readonly waiting?: { readonly reason?: string; readonly message?: string };
    readonly terminated?: Terminated;
  };
  /** How the container ended before its last restart. */
  readonly lastState?: { readonly terminated?: Terminated };
  readonly restartCount?: number;
}

export interface Terminated {
  readonly exitCode: number;
  readonly reason?: string;
  readonly message?: string;
  readonly startedAt?: string;
  readonly finishedAt?: string;
}

/** The annotation that names the default container (the same as in kubectl). */
const DEFAULT_CONTAINER = 'kubectl.kubernetes.io/default-container';

/** The container that kubectl uses when none is named. */
export function defaultContainer(pod: Pod): string | undefined {
  const annotated = pod.metadata.annotations?.[DEFAULT_CONTAINER];
  const named = pod.spec.containers.find(({ name }) => name === annotated);
  return (named ?? pod.spec.containers[0])?.name;
}

/**
 * Whether a pod in this phase has ended. Its containers do not run again, and its addresses may belong to another pod.
 */
export function hasFinished(phase: string | undefined): phase is 'Succeeded' | 'Failed' {
  return phase === 'Succeeded' || phase === 'Failed';
}

export function podsPath(namespace: string): string {
  return `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods`;
}

export function podPath(namespace: string, name: string): string {
  return `${podsPath(namespace)}/${encodeURIComponent(name)}`;
}
