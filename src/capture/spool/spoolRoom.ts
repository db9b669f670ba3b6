import type { Container, Pod, Volume } from '../../kube/pod.ts';
import { parseQuantity } from '../../kube/quantity.ts';
import { bytesText } from '../../output/quantities.ts';
import { Problem, wrongUsage } from '../../problem.ts';

/** How much may be recorded in a pod, and why not more. */
export interface SpoolRoom {
  /** In bytes; Infinity if only the node's disk is the limit, which the recorder itself checks. */
  readonly bytes: number;
  /** For the user: what the room is a share of. */
  readonly reason: string;
}

/**
 * Data written in an ephemeral container counts against the pod's limit, and a pod over its limit is evicted. Only the
 * kubelet knows how much the pod already uses, so the spool takes a small share: a quarter for a detached capture, an
 * eighth for a foreground capture.
 */
const SHARE = { detached: 1 / 4, foreground: 1 / 8 } as const;

const STORAGE = 'ephemeral-storage';
/** Volumes that are read-only or in memory. */
const UNWRITABLE = ['configMap', 'secret', 'projected', 'downwardAPI', 'image'];

/**
 * The room that a pod's limits leave. A LimitRange is visible in the pod's spec, because admission adds its defaults
 * there. A ResourceQuota counts requests rather than written data, so it does not matter. With a volume of the pod, the
 * limits of that volume apply. Throws a Problem for an unsuitable volume.
 */
export function spoolRoom(pod: Pod, use: keyof typeof SHARE, volumeName?: string): SpoolRoom {
  const volume = volumeName === undefined ? undefined : findVolume(pod, volumeName);
  const limits: SpoolRoom[] = [];
  const limit = storageLimit(pod);
  if (limit !== undefined && (!volume || volume.emptyDir))
    limits.push({
      bytes: limit * SHARE[use],
      reason: `${shareText(use)} of the pod's ephemeral-storage limit of ${bytesText(limit)}`,
    });
  const sizeLimit = volume?.emptyDir?.sizeLimit;
  const size = sizeLimit === undefined ? undefined : parseQuantity(sizeLimit);
  if (size)
    limits.push({
      bytes: size * SHARE[use],
      reason: `${shareText(use)} of the size limit of volume "${volumeName}", ${bytesText(size)}`,
    });
  return limits.reduce((least, next) => (next.bytes < least.bytes ? next : least), {
    bytes: Number.POSITIVE_INFINITY,
    reason: 'the free space on the disk',
  });
}

function shareText(use: keyof typeof SHARE): string {
  return use === 'detached' ? 'a quarter' : 'an eighth';
}

/** Computed like the kubelet does: the sum over all containers that have a limit, including sidecars. */
function storageLimit({ spec: { containers, initContainers = [] } }: Pod): number | undefined {
  const sidecars = initContainers.filter(({ restartPolicy }) => restartPolicy === 'Always');
  return sumLimits([...containers, ...sidecars], STORAGE);
}

/** The sum of a limit over containers; undefined if none has one. */
function sumLimits(containers: readonly Container[], resource: string): number | undefined {
  const limits = containers.flatMap(({ resources }) => {
    const value = parseQuantity(resources?.limits?.[resource] ?? '');
    return value === undefined ? [] : [value];
  });
  return limits.length === 0 ? undefined : limits.reduce((sum, limit) => sum + limit, 0);
}

/**
 * Cores that the pod may use, if every container has a limit: the pod's cgroup then has their sum as its limit, and
 * work in the pod takes CPU from the application. Otherwise undefined.
 */
export function cpuLimit({ spec: { containers } }: Pod): number | undefined {
  const all = containers.every(({ resources }) => resources?.limits?.cpu !== undefined);
  return all ? sumLimits(containers, 'cpu') : undefined;
}

function findVolume({ spec, metadata }: Pod, name: string): Volume {
  const volumes = spec.volumes ?? [];
  const volume = volumes.find((candidate) => candidate.name === name);
  const writable = volumes.filter((candidate) => unwritableReason(candidate) === undefined);
  const choice =
    writable.length > 0
      ? `writable volumes: ${writable.map((candidate) => candidate.name).join(', ')}`
      : 'this pod has no writable volume; leave out --volume';
  if (!volume) throw wrongUsage(`pod "${metadata.name}" has no volume "${name}"`, choice);
  const reason = unwritableReason(volume);
  if (reason)
    throw new Problem(`volume "${name}" cannot hold a capture: ${reason}`, {
      kind: 'unsuitable',
      next: [choice],
    });
  return volume;
}

function unwritableReason(volume: Volume): string | undefined {
  const kind = UNWRITABLE.find((name) => volume[name] !== undefined);
  if (kind) return `a ${kind} is read-only`;
  return volume.emptyDir?.medium === 'Memory' ? "it takes the pod's memory" : undefined;
}
