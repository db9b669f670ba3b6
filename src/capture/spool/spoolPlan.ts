import type { KubeApi } from '../../kube/api.ts';
import type { Pod } from '../../kube/pod.ts';

/** Where the spool of a capture stands in the pod, and how large it may become. */
export interface SpoolPlan {
  readonly kind: 'spool';
  /** The folder in the debugger that the spool's own folder is made in. */
  readonly folder: string;
  /** Size of a full file of the ring, in kB (1000 bytes). */
  readonly fileKilobytes: number;
  /** Files in the ring at most. */
  readonly files: number;
  /** KiB that must stay free on the node's disk. */
  readonly floorKibibytes: number;
}

/** There is no room for a spool. */
export interface NoSpool {
  readonly kind: 'direct';
  readonly reason: string;
}

const TOTAL_BYTES = 256e6;
const LEAST_BYTES = 4e6;
const MOST_FILES = 8;
/** tcpdump knows whole megabytes only. */
const MEGABYTE = 1e6;
/** What a pod may write at most is shared with the target: a capture takes this part of it. */
const SHARE = 1 / 4;
const FLOOR_KIB = 200_000;

/** Decides whether a capture goes through a spool in the pod, and through how large a one. */
export async function planSpool(_api: KubeApi, pod: Pod): Promise<SpoolPlan | NoSpool> {
  const limit = storageLimit(pod);
  const total = Math.min(TOTAL_BYTES, limit * SHARE);
  if (total < LEAST_BYTES)
    return {
      kind: 'direct',
      reason: `pod "${pod.metadata.name}" may write no more than ${Math.floor(limit / 1e6)} MB to its node's disk`,
    };
  const fileBytes = Math.max(1, Math.floor(total / MOST_FILES / MEGABYTE)) * MEGABYTE;
  return {
    kind: 'spool',
    folder: '/tmp',
    fileKilobytes: fileBytes / 1000,
    files: Math.min(MOST_FILES, Math.floor(total / fileBytes)),
    floorKibibytes: FLOOR_KIB,
  };
}

/** Bytes that the pod's containers may write together; infinite where nothing limits them. */
function storageLimit({ spec }: Pod): number {
  const limits = spec.containers
    .map(({ resources }) => resources?.limits?.['ephemeral-storage'])
    .filter((limit) => limit !== undefined);
  return limits.length === 0
    ? Number.POSITIVE_INFINITY
    : limits.reduce((sum, limit) => sum + bytesOf(limit), 0);
}

const SUFFIXES: Readonly<Record<string, number>> = {
  '': 1,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** A quantity of Kubernetes (apimachinery/pkg/api/resource); what cannot be read counts as none. */
function bytesOf(quantity: string): number {
  const [, number, suffix = ''] = /^([\d.]+(?:[eE][+-]?\d+)?)([a-zA-Z]*)$/.exec(quantity) ?? [];
  return Number(number ?? 0) * (SUFFIXES[suffix] ?? 0);
}
