import type { CniFacts } from './cniFacts.ts';
import type { NetworkNamespace } from './networkNamespace.ts';
import type { Unknown } from './unknown.ts';

/** What was collected on one node: its network namespaces, its processes, the files of its CNI plugins. */
export interface NodeFacts {
  readonly name: string;
  /** By the node's clock, in RFC 3339. */
  readonly collectedAt: string;
  /** The kernel release, as in `uname -r`. */
  readonly kernel: string;
  /** The network namespace of process 1. */
  readonly hostInode: number;
  /** The host's namespace is the first. */
  readonly namespaces: readonly NetworkNamespace[];
  /** All processes, sorted by id. */
  readonly processes: readonly NodeProcess[];
  /** Names of loaded kernel modules, without those that are built in. */
  readonly modules?: readonly string[];
  /** Pods with processes, found by their control groups. */
  readonly sandboxes: readonly Sandbox[];
  /** What the container runtimes know; absent if no runtime's folder was found. */
  readonly runtime?: RuntimeFacts;
  readonly cni?: CniFacts;
  /** The programs that the debugger's image has: ip, bridge, lsns, nft … */
  readonly tools: readonly string[];
  readonly unknown: readonly Unknown[];
}

export interface NodeProcess {
  /** The process id on the node. */
  readonly pid: number;
  /** The program's name, at most 15 bytes (`comm`). */
  readonly name: string;
  /** The inode of its network namespace; absent if it could not be read. */
  readonly netns?: number;
  /** The inode of its mount namespace. */
  readonly mntns?: number;
  /** From the path of its control group; absent for processes outside of pods. */
  readonly podUid?: string;
  readonly containerId?: string;
}

/** The processes of one pod. */
export interface Sandbox {
  readonly podUid: string;
  /** The network namespace of its processes; for hostNetwork pods, the host's. */
  readonly netns?: number;
  /** The ids of its containers, and of its sandbox if that has a process (pause). */
  readonly containers: readonly string[];
}

export interface RuntimeFacts {
  /** The folders in which runtimes have one folder per container. */
  readonly folders: readonly string[];
  /** The ids of containers and sandboxes in them. */
  readonly ids: readonly string[];
}
