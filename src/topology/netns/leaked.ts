import type { NetworkNamespace } from '../model/networkNamespace.ts';
import type { NodeFacts } from '../model/nodeFacts.ts';
import { samePath } from '../samePath.ts';

/** The paths at which runtimes mount the namespaces of pods. */
const POD_MOUNT = /(?:^|\/)netns\/(?:cni-)?[0-9a-f]{8}-[0-9a-f-]{27}$/;

/**
 * Whether a namespace is leaked: only a mount keeps it, no process is in it, and no sandbox of the runtime owns
 * it. Namespaces made with `ip netns add`, and those of pods that are being deleted (`ending`: their sandbox ids),
 * are not leaked. Null if the runtime could not be queried.
 */
export function isLeaked(
  node: NodeFacts,
  namespace: NetworkNamespace,
  ending: ReadonlySet<string>,
): boolean | null {
  const { processCount, mounts, inode } = namespace;
  if (processCount === undefined || processCount > 0 || inode === node.hostInode) return false;
  const cached = (node.cni?.results ?? []).filter(
    ({ netns }) => netns !== undefined && mounts.some(({ path }) => samePath(path, netns)),
  );
  const cachedForPod = cached.length > 0 || mounts.some(({ path }) => POD_MOUNT.test(path));
  if (!cachedForPod) return false;
  const { runtime } = node;
  if (runtime === undefined) return null;
  const owned = cached.some(
    ({ containerId }) =>
      containerId !== undefined && (runtime.ids.includes(containerId) || ending.has(containerId)),
  );
  if (owned) return false;
  // Caches before libcni 1.2 do not name the namespace, so a sandbox without processes may still own it.
  const claimedIds = new Set((node.cni?.results ?? []).map(({ containerId }) => containerId));
  const unclaimedIds = runtime.ids.some((id) => claimedIds.has(id) && !hasProcess(node, id));
  return unclaimedIds && cached.length === 0 ? null : true;
}

function hasProcess({ processes }: NodeFacts, id: string): boolean {
  return processes.some(({ containerId }) => containerId === id);
}
