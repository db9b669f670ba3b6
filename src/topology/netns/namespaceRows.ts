import { endingSandboxes } from '../cni/endingSandboxes.ts';
import type { ClusterFacts } from '../model/clusterFacts.ts';
import type { NetworkNamespace } from '../model/networkNamespace.ts';
import type { NodeFacts } from '../model/nodeFacts.ts';
import { isLeaked } from './leaked.ts';

/** A network namespace as listed by `netns`: the columns of `lsns -t net`, and its owner. */
export interface NamespaceRow {
  readonly node: string;
  readonly inode: number;
  /** Null if the node was not entered. */
  readonly nprocs: number | null;
  readonly pid: number | null;
  readonly user: string | null;
  /** The id in the host's namespace. */
  readonly netnsid: number | null;
  /** The paths at which it is mounted. */
  readonly nsfs: readonly string[];
  readonly command: string | null;
  readonly pod: string | null;
  readonly podNamespace: string | null;
  readonly addresses: readonly string[];
  /** For a pod or container: containerd, cri-o, docker …; otherwise `host` or `none`. */
  readonly runtime: string;
  /** Null if unknown. */
  readonly leaked: boolean | null;
}

/** All namespaces of the nodes that were read: each node's own first, then by the id of their first process. */
export function namespaceRows(facts: ClusterFacts): NamespaceRow[] {
  const { nodes: objects = [] } = facts.objects;
  return facts.nodes.flatMap((node) => {
    const ending = endingSandboxes(node, facts.objects.pods);
    const runtime = objects.find(({ name }) => name === node.name)?.runtime;
    return [...node.namespaces]
      .sort((a, b) => rank(node, a) - rank(node, b) || a.inode - b.inode)
      .map((namespace) => rowOf(node, namespace, runtime, ending));
  });
}

function rank({ hostInode }: NodeFacts, { inode, pid }: NetworkNamespace): number {
  return inode === hostInode ? 0 : (pid ?? Number.MAX_SAFE_INTEGER);
}

function rowOf(
  node: NodeFacts,
  namespace: NetworkNamespace,
  runtime: string | undefined,
  ending: ReadonlySet<string>,
): NamespaceRow {
  const { owner, inode, processCount, pid, user, command, netnsid, mounts, links } = namespace;
  const pod = owner.kind === 'pod' ? owner : undefined;
  return {
    node: node.name,
    inode,
    nprocs: processCount ?? null,
    pid: pid ?? null,
    user: user ?? null,
    netnsid: netnsid ?? null,
    nsfs: mounts.map(({ path }) => path),
    command: command ?? null,
    pod: pod?.name ?? null,
    podNamespace: pod?.namespace ?? null,
    addresses: (links ?? [])
      .flatMap(({ addresses }) => addresses)
      .filter(({ scope }) => scope === 'global')
      .map(({ address }) => address),
    runtime: runtimeOf(node, namespace, runtime),
    leaked: isLeaked(node, namespace, ending),
  };
}

function runtimeOf(
  { runtime: folders }: NodeFacts,
  { owner }: NetworkNamespace,
  version: string | undefined,
): string {
  if (owner.kind === 'host') return 'host';
  if (owner.kind === 'other') return 'none';
  const runtimeName = version?.split(':')[0];
  if (owner.kind === 'pod' && runtimeName !== undefined) return runtimeName;
  const folder = folders?.folders.find((candidate) =>
    owner.kind === 'container' ? /docker|moby/.test(candidate) : !/docker|moby/.test(candidate),
  );
  if (folder === undefined) return runtimeName ?? 'unknown';
  return /docker|moby/.test(folder)
    ? 'docker'
    : folder.includes('containers/storage')
      ? 'cri-o'
      : 'containerd';
}
