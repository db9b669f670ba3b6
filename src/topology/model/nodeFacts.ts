import type { CniFacts } from './cniFacts.ts';
import type { NetworkNamespace } from './networkNamespace.ts';
import type { Unknown } from './unknown.ts';

/** What one node told: its network namespaces, its processes, the files of its CNI plugins. */
export interface NodeFacts {
  readonly name: string;
  /** By the node's clock: RFC 3339. */
  readonly collectedAt: string;
  /** The kernel's release, as `uname -r` prints it. */
  readonly kernel: string;
  /** The namespace of process 1. */
  readonly hostInode: number;
  /** The host's first. */
  readonly namespaces: readonly NetworkNamespace[];
  /** Processes of user space, ordered by id. */
  readonly processes: readonly NodeProcess[];
  /** Names of loaded kernel modules; those built in are not among them. */
  readonly modules?: readonly string[];
  /** Pod sandboxes and containers that the runtime knows, or that control groups show. */
  readonly sandboxes: readonly Sandbox[];
  readonly cni?: CniFacts;
  /** Programs that the collection found in its image: ip, bridge, lsns, nft … */
  readonly tools: readonly string[];
  readonly unknown: readonly Unknown[];
}

export interface NodeProcess {
  /** As the node counts. */
  readonly pid: number;
  /** The program's name, at most 15 bytes (`comm`). */
  readonly name: string;
  /** The inode of its network namespace; absent where it may not be looked at. */
  readonly netns?: number;
  /** The inode of its mount namespace. */
  readonly mntns?: number;
  /** From the path of its control group, where that names one. */
  readonly podUid?: string;
  readonly containerId?: string;
}

/** A pod's sandbox, with or without a pause process. */
export interface Sandbox {
  /** The id of the sandbox's container; absent where only the pod's control group is known. */
  readonly id?: string;
  readonly podUid?: string;
  readonly podName?: string;
  readonly podNamespace?: string;
  /** The inode of its network namespace. */
  readonly netns?: number;
  /** The namespace's mount, such as /run/netns/cni-…, as the runtime or the CNI cache names it. */
  readonly netnsPath?: string;
  readonly containers: readonly string[];
  /** Whether a process of it lives. */
  readonly alive: boolean;
}
