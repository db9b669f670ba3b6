/** The owner of a control group, as far as its path shows. */
export interface CgroupOwner {
  readonly podUid?: string;
  readonly containerId?: string;
  /** Whether Kubernetes created it. */
  readonly kubernetes: boolean;
}

const UID =
  /pod([0-9a-f]{8}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{12}|[0-9a-f]{32})(?=[./]|$)/;
const CONTAINER = /([0-9a-f]{64})/;

/**
 * Parses a line of /proc/PID/cgroup. The cgroupfs driver writes `kubepods/burstable/pod8f2c-…/ID`, systemd
 * `kubepods-pod8f2c_….slice/cri-containerd-ID.scope`. The UID of a static pod is a hash of 32 digits.
 */
export function parseCgroup(line: string): CgroupOwner | undefined {
  const match = UID.exec(line);
  const uid = match?.[1]?.replaceAll('_', '-');
  // A node may be a container itself. Then its own ID comes before the pod's part of the path.
  const container = CONTAINER.exec(match ? line.slice(match.index) : line)?.[1];
  if (uid === undefined && container === undefined) return undefined;
  return {
    ...(uid !== undefined && { podUid: uid }),
    ...(container !== undefined && { containerId: container }),
    kubernetes: uid !== undefined || line.includes('kubepods'),
  };
}
