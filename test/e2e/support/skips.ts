/**
 * Everything that the suite leaves out on a real cluster (E2E_KUBECONFIG), with the reason. A test
 * asks by name, so that nothing is skipped that does not stand here.
 */
const ON_REAL_CLUSTERS = {
  'faults of the API server': 'only the local one misbehaves on demand',
  'busybox and Debian flavours': 'one image is given (E2E_IMAGE); both flavours are run locally',
  'users with fewer rights': 'made by the local cluster; a real one need not let us make users',
  'pods of odd kinds': 'static, Windows-labelled and pending pods are made in the local cluster',
  'rungs of the ladder': 'namespaces, users and static pods are made in the local cluster',
  'images that lack tools': 'the slim and shell-less images exist in the local cluster only',
  'containerd of the nodes': 'processes of the local nodes can be stopped from here',
} as const;

export type Skip = keyof typeof ON_REAL_CLUSTERS;

/** Whether a part of the suite is left out here; says so once. */
export function skipped(part: Skip, local: boolean): boolean {
  if (local) return false;
  if (!told.has(part)) console.log(`skipped on a real cluster: ${part}: ${ON_REAL_CLUSTERS[part]}`);
  told.add(part);
  return true;
}

const told = new Set<Skip>();
