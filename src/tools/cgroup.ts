/** Whose a control group is, as far as its path tells. */
export interface CgroupOwner {
  readonly podUid?: string;
  readonly containerId?: string;
  /** Whether it is one of Kubernetes's. */
  readonly kubernetes: boolean;
}

const UID =
  /pod([0-9a-f]{8}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{12}|[0-9a-f]{32})(?=[./]|$)/;
const CONTAINER = /([0-9a-f]{64})/;

/**
 * Reads a line of /proc/PID/cgroup. The cgroupfs driver writes `kubepods/burstable/pod8f2c-…/ID`, systemd
 * `kubepods-pod8f2c_….slice/cri-containerd-ID.scope`; a static pod has a hash of 32 digits for its UID.
 */
export function parseCgroup(line: string): CgroupOwner | undefined {
  const match = UID.exec(line);
  const uid = match?.[1]?.replaceAll('_', '-');
  // A node may be a container itself, whose id stands in front of the pod's part of the path.
  const container = CONTAINER.exec(match ? line.slice(match.index) : line)?.[1];
  if (uid === undefined && container === undefined) return undefined;
  return {
    ...(uid !== undefined && { podUid: uid }),
    ...(container !== undefined && { containerId: container }),
    kubernetes: uid !== undefined || line.includes('kubepods'),
  };
}
