import { randomBytes } from 'node:crypto';
import type { Pod } from '../../kube/pod.ts';
import { bytesText } from '../../output/quantities.ts';
import { planRing } from './ringPlan.ts';
import { spoolRoom } from './spoolRoom.ts';

/** A folder for a new spool. It is in the root folder, the only one that exists in every image. */
export function newSpoolFolder(): string {
  return `/netdebug-${randomBytes(6).toString('hex')}`;
}

/** How large the spool of a capture may become. */
export interface SpoolPlan {
  readonly kind: 'spool';
  /** Size of a full file of the ring, in kB (1000 bytes). */
  readonly fileKilobytes: number;
  /** The maximum number of files in the ring. */
  readonly files: number;
  /** kB that all spools in that folder may use together; absent if nothing limits the pod. */
  readonly roomKilobytes?: number;
}

/** There is no room for a spool. */
export interface NoSpool {
  readonly kind: 'direct';
  readonly reason: string;
}

/** A smaller spool would hold less than the kernel's own buffer, and lose more packets than a stream. */
const MIN_BYTES = 4e6;

/** Decides whether a foreground capture uses a spool in the pod, and how large it is. */
export function planSpool(pod: Pod): SpoolPlan | NoSpool {
  const room = spoolRoom(pod, 'foreground');
  if (room.bytes < MIN_BYTES)
    return {
      kind: 'direct',
      reason: `the pod has room for ${bytesText(room.bytes)} only, ${room.reason}`,
    };
  const { fileKilobytes, files } = planRing({}, room, 'foreground');
  const limited = room.bytes < Number.POSITIVE_INFINITY;
  return {
    kind: 'spool',
    fileKilobytes,
    files,
    ...(limited && { roomKilobytes: Math.floor(room.bytes / 1000) }),
  };
}
