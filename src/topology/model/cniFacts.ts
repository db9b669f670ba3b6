/** The files of CNI plugins on a node. Values of pod annotations are left out unless requested. */
export interface CniFacts {
  /** The files that a runtime reads. It uses the first valid file of its folder, by name. */
  readonly configurations: readonly ConfigurationFile[];
  readonly results: readonly CachedResult[];
  readonly leases: readonly Lease[];
  /** The last address that host-local assigned, per range. */
  readonly lastReserved: readonly LastReserved[];
  /** /var/lib/cni/flannel/CONTAINERID: the configuration that flannel's plugin delegated. */
  readonly delegates: readonly DelegateFile[];
  /** /run/flannel/subnet.env */
  readonly subnetEnv?: Readonly<Record<string, string>>;
}

/** Why a file is damaged. What could be read of it is in the other fields. */
export interface FileFault {
  readonly reason: 'too-large' | 'truncated' | 'not-json' | 'binary' | 'empty' | 'unreadable';
  readonly detail?: string;
}

interface NodeFile {
  /** The path on the node. */
  readonly path: string;
  readonly fault?: FileFault;
  /** The modification time, in seconds since 1970. */
  readonly modifiedAt?: number;
}

export interface ConfigurationFile extends NodeFile {
  /** Whether the runtime uses it, because it is the first valid file of its folder. */
  readonly inForce: boolean;
  readonly name?: string;
  readonly cniVersion?: string;
  /** The plugin types in the order of the chain: flannel, portmap … */
  readonly plugins: readonly string[];
  /** The parsed content. */
  readonly content?: unknown;
}

/** A file of libcni's result cache, in any of its formats. */
export interface CachedResult extends NodeFile {
  readonly containerId?: string;
  readonly network?: string;
  readonly ifName?: string;
  /** Since libcni 1.2. */
  readonly netns?: string;
  /** From the arguments K8S_POD_NAME, K8S_POD_NAMESPACE and K8S_POD_UID. */
  readonly podName?: string;
  readonly podNamespace?: string;
  readonly podUid?: string;
  /** The arguments of the call, including K8S_POD_INFRA_CONTAINER_ID. */
  readonly args: Readonly<Record<string, string>>;
  /** The plugin's configuration in this call, decoded from base64. */
  readonly config?: unknown;
  /** capabilityArgs. Values of annotations are null unless requested. */
  readonly capabilities?: unknown;
  readonly cniVersion?: string;
  readonly interfaces: readonly CachedInterface[];
  readonly addresses: readonly CachedAddress[];
  readonly routes: readonly { readonly destination: string; readonly gateway?: string }[];
  readonly dns?: {
    readonly nameservers: readonly string[];
    readonly search: readonly string[];
    readonly domain?: string;
  };
}

export interface CachedInterface {
  readonly name: string;
  readonly mac?: string;
  /** The path of its network namespace; absent for an interface of the host. */
  readonly sandbox?: string;
}

export interface CachedAddress {
  /** With the prefix length. */
  readonly address: string;
  readonly gateway?: string;
  /** An index in the list of interfaces. */
  readonly interface?: number;
}

/** A lease of host-local, which is a file named after the address. */
export interface Lease extends NodeFile {
  readonly network: string;
  readonly address: string;
  readonly containerId?: string;
  /** Absent in files from plugins before version 0.8. */
  readonly ifName?: string;
}

export interface LastReserved {
  readonly network: string;
  readonly range: string;
  readonly address: string;
}

export interface DelegateFile extends NodeFile {
  readonly containerId: string;
  readonly content?: unknown;
}
