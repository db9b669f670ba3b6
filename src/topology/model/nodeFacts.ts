import type { CniFacts } from './cniFacts.ts';
import type { NetworkNamespace } from './networkNamespace.ts';
import type { Unknown } from './unknown.ts';

/** What one node reported: its network namespaces, its processes, the files of its CNI plugins. */
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
  /** All processes, ordered by id. */
  readonly processes: readonly NodeProcess[];
  /** Names of loaded kernel modules; those built in are not among them. */
  readonly modules?: readonly string[];
  /** Pods that have processes, by their control groups. */
  readonly sandboxes: readonly Sandbox[];
  /** What the container runtimes know; absent where no runtime's folder was found. */
  readonly runtime?: RuntimeFacts;
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

/** The processes of one pod. */
export interface Sandbox {
  readonly podUid: string;
  /** The namespace that its processes share; hostNetwork pods are in the host's. */
  readonly netns?: number;
  /** Ids of its containers, and of its sandbox where that has a process (pause). */
  readonly containers: readonly string[];
}

export interface RuntimeFacts {
  /** Folders in which runtimes keep what they know, one a container. */
  readonly folders: readonly string[];
  /** Ids of containers and sandboxes in them. */
  readonly ids: readonly string[];
}
