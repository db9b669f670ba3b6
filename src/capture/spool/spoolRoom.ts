import type { Container, Pod, Volume } from '../../kube/pod.ts';
import { quantityValue } from '../../kube/quantity.ts';
import { bytesText } from '../../output/quantities.ts';
import { Problem, wrongUsage } from '../../problem.ts';

/** How much may be recorded in a pod, and why not more. */
export interface SpoolRoom {
  /** Bytes; Infinity where only the node's disk is the limit, which the recorder itself looks at. */
  readonly bytes: number;
  /** For the user: what the room is a share of. */
  readonly reason: string;
}

/**
 * What is written in an ephemeral container counts against the pod, and a pod over its limit is
 * evicted. Only the kubelet knows how much the pod already uses, so the spool takes a small share: a
 * quarter for what is recorded in the background, an eighth for a capture that is watched.
 */
const SHARE = { detached: 1 / 4, foreground: 1 / 8 } as const;

const STORAGE = 'ephemeral-storage';
/** Volumes that are read-only, or that use memory as disk. */
const UNWRITABLE = ['configMap', 'secret', 'projected', 'downwardAPI', 'image'];

/**
 * The room that a pod's limits leave. A LimitRange shows in the pod's spec, where admission has put
 * its defaults; a ResourceQuota counts what pods ask for, not what they write, so it does not matter.
 * With a volume of the pod the limits that hold there. Throws a Problem for a volume that cannot serve.
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
  const size = sizeLimit === undefined ? undefined : quantityValue(sizeLimit);
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

/** As the kubelet counts: the sum over the containers that have a limit, sidecars too. */
function storageLimit({ spec: { containers, initContainers = [] } }: Pod): number | undefined {
  const sidecars = initContainers.filter(({ restartPolicy }) => restartPolicy === 'Always');
  return sumOf([...containers, ...sidecars], STORAGE);
}

/** The sum of a limit over containers; undefined when none has it. */
function sumOf(containers: readonly Container[], resource: string): number | undefined {
  const limits = containers.flatMap(({ resources }) => {
    const value = quantityValue(resources?.limits?.[resource] ?? '');
    return value === undefined ? [] : [value];
  });
  return limits.length === 0 ? undefined : limits.reduce((sum, limit) => sum + limit, 0);
}

/**
 * Cores that the pod may use, when every container has a limit: the pod's control group then has
 * their sum, and whatever we compute in the pod is taken from the application. Else undefined.
 */
export function cpuLimit({ spec: { containers } }: Pod): number | undefined {
  const all = containers.every(({ resources }) => resources?.limits?.cpu !== undefined);
  return all ? sumOf(containers, 'cpu') : undefined;
}

function findVolume({ spec, metadata }: Pod, name: string): Volume {
  const volumes = spec.volumes ?? [];
  const volume = volumes.find((candidate) => candidate.name === name);
  const writable = volumes.filter((candidate) => unwritable(candidate) === undefined);
  const choice =
    writable.length > 0
      ? `writable volumes: ${writable.map((candidate) => candidate.name).join(', ')}`
      : 'this pod has no writable volume; leave out --volume';
  if (!volume) throw wrongUsage(`pod "${metadata.name}" has no volume "${name}"`, choice);
  const reason = unwritable(volume);
  if (reason)
    throw new Problem(`volume "${name}" cannot hold a capture: ${reason}`, {
      kind: 'unsuitable',
      next: [choice],
    });
  return volume;
}

function unwritable(volume: Volume): string | undefined {
  const kind = UNWRITABLE.find((name) => volume[name] !== undefined);
  if (kind) return `a ${kind} is read-only`;
  return volume.emptyDir?.medium === 'Memory' ? "it takes the pod's memory" : undefined;
}
