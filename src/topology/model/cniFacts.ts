/** Files of CNI plugins on a node. Values of pod annotations are left out unless requested. */
export interface CniFacts {
  /** What a runtime reads: the first of its folder by name is in force. */
  readonly configurations: readonly ConfigurationFile[];
  readonly results: readonly CachedResult[];
  readonly leases: readonly Lease[];
  /** host-local's note of the last address given, per range. */
  readonly lastReserved: readonly LastReserved[];
  /** /var/lib/cni/flannel/CONTAINERID: what flannel's plugin delegated. */
  readonly delegates: readonly DelegateFile[];
  /** /run/flannel/subnet.env */
  readonly subnetEnv?: Readonly<Record<string, string>>;
}

/** A file that was found but is not what it should be; what could be read of it stands beside. */
export interface FileFault {
  readonly reason: 'too-large' | 'truncated' | 'not-json' | 'binary' | 'empty' | 'unreadable';
  readonly detail?: string;
}

interface NodeFile {
  /** On the node. */
  readonly path: string;
  readonly fault?: FileFault;
  /** The file's time of change, in seconds since 1970. */
  readonly modifiedAt?: number;
}

export interface ConfigurationFile extends NodeFile {
  /** Whether the runtime uses it: the first valid one of its folder. */
  readonly inForce: boolean;
  readonly name?: string;
  readonly cniVersion?: string;
  /** The types of the plugins in the order of the chain: flannel, portmap … */
  readonly plugins: readonly string[];
  /** The parsed file. */
  readonly content?: unknown;
}

/** A file of libcni's result cache, of any of its formats. */
export interface CachedResult extends NodeFile {
  readonly containerId?: string;
  readonly network?: string;
  readonly ifName?: string;
  /** Since libcni 1.2. */
  readonly netns?: string;
  /** From K8S_POD_NAME, K8S_POD_NAMESPACE and K8S_POD_UID of the arguments. */
  readonly podName?: string;
  readonly podNamespace?: string;
  readonly podUid?: string;
  /** The arguments of the call, K8S_POD_INFRA_CONTAINER_ID among them. */
  readonly args: Readonly<Record<string, string>>;
  /** The configuration that the plugin was called with, decoded from base64. */
  readonly config?: unknown;
  /** capabilityArgs; values of annotations are replaced by null unless requested. */
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
  /** The path of its network namespace; absent for one of the host. */
  readonly sandbox?: string;
}

export interface CachedAddress {
  /** With the length of its prefix. */
  readonly address: string;
  readonly gateway?: string;
  /** An index into the interfaces. */
  readonly interface?: number;
}

/** A lease of host-local: a file named after an address. */
export interface Lease extends NodeFile {
  readonly network: string;
  readonly address: string;
  readonly containerId?: string;
  /** Absent in files of plugins before 0.8. */
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
