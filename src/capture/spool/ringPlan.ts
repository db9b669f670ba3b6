import { bytesText } from '../../output/quantities.ts';
import { Problem } from '../../problem.ts';
import type { SpoolRoom } from './spoolRoom.ts';

/** What the user requested for a ring; absent values are chosen automatically. */
export interface RingOptions {
  /** Bytes of each file (-C). */
  readonly fileBytes?: number;
  /** Number of files that are kept (-W). */
  readonly files?: number;
  /** Seconds after which a new file is started (-G). */
  readonly age?: number;
}

/** A planned ring of files: a new file is started at this size or age, and the newest files are kept. */
export interface RingPlan {
  readonly fileKilobytes: number;
  readonly files: number;
  readonly age?: number;
}

/** A file may exceed its size by the packet that fills it: a GSO packet of at most 64 KiB. Kilobytes. */
const OVERSHOOT_KB = 66;
/** Room for state and messages next to the ring: 128 KiB. Kilobytes. */
const OVERHEAD_KB = 132;
/** The default size of the ring, unless limits make it smaller. */
const DEFAULT_BYTES = { detached: 1e9, foreground: 512e6 } as const;
const DEFAULT_FILES = 8;
/** tcpdump counts file sizes in whole megabytes, so all sizes are planned that way. */
const MEGABYTE_KB = 1000;
/** The largest file that dumpcap writes (-b filesize, in kB). */
const MAX_FILE_KB = 2_000_000;
/** More files in one folder are hard to handle, for people and for the scripts that list it. */
const MAX_FILES = 1000;

/**
 * The maximum size of a ring on disk, in bytes. There is one more file while it rotates. The recorder computes the same
 * (ring_size in parts/room.sh), and refuses a ring that does not fit.
 */
export function ringBytes({
  fileKilobytes,
  files,
}: Pick<RingPlan, 'fileKilobytes' | 'files'>): number {
  return 1000 * ((files + 1) * (fileKilobytes + OVERSHOOT_KB) + OVERHEAD_KB);
}

/**
 * Plans a ring as requested; values that were not requested are chosen to fit the room. Throws a Problem that suggests
 * a fitting ring if the request is too large.
 */
export function planRing(
  requested: RingOptions,
  room: SpoolRoom,
  use: keyof typeof DEFAULT_BYTES,
): RingPlan {
  const usable = Math.min(room.bytes, DEFAULT_BYTES[use]);
  const age = requested.age !== undefined && { age: requested.age };
  const fileKilobytes =
    requested.fileBytes !== undefined
      ? Math.ceil(requested.fileBytes / 1000)
      : maxFileKilobytes(usable, requested.files ?? DEFAULT_FILES);
  const fitting = maxFiles(usable, fileKilobytes);
  const files =
    requested.files ??
    (requested.fileBytes === undefined ? Math.min(DEFAULT_FILES, fitting) : fitting);
  checkBounds(fileKilobytes, files, requested);
  if (ringBytes({ fileKilobytes, files }) <= room.bytes) return { fileKilobytes, files, ...age };
  throw tooLarge({ fileKilobytes, files }, room);
}

function maxFileKilobytes(bytes: number, files: number): number {
  const eachKb = (bytes / 1000 - OVERHEAD_KB) / (files + 1) - OVERSHOOT_KB;
  const megabytes = Math.max(1, Math.floor(eachKb / 1000));
  return Math.min(MAX_FILE_KB, megabytes * MEGABYTE_KB);
}

function maxFiles(bytes: number, fileKilobytes: number): number {
  const fit = Math.floor((bytes / 1000 - OVERHEAD_KB) / (fileKilobytes + OVERSHOOT_KB)) - 1;
  return Math.max(2, Math.min(MAX_FILES, fit));
}

function checkBounds(fileKilobytes: number, files: number, requested: RingOptions): void {
  if (fileKilobytes < MEGABYTE_KB || fileKilobytes > MAX_FILE_KB)
    throw new Problem(
      `-C: a file of ${bytesText(requested.fileBytes ?? fileKilobytes * 1000)} is too ${fileKilobytes < MEGABYTE_KB ? 'small' : 'large'}`,
      { next: ['each file of a ring can have 1 MB to 2 GB'], exitCode: 2 },
    );
  if (files < 2 || files > MAX_FILES)
    throw new Problem(`-W: a ring has from 2 to ${MAX_FILES} files`, { exitCode: 2 });
}

function tooLarge(ring: Pick<RingPlan, 'fileKilobytes' | 'files'>, room: SpoolRoom): Problem {
  const limit = maxFiles(room.bytes, MEGABYTE_KB);
  const files = Math.min(ring.files, DEFAULT_FILES, limit);
  const fitting = maxFileKilobytes(room.bytes, files);
  const fits = ringBytes({ fileKilobytes: fitting, files }) <= room.bytes;
  return new Problem(
    `the ring would take up to ${bytesText(ringBytes(ring))} in the pod, which has room for ${bytesText(room.bytes)}: ${room.reason}`,
    {
      kind: 'no-room',
      next: [
        ...(fits ? [`this ring fits: -C ${fitting / MEGABYTE_KB} -W ${files}`] : []),
        'a volume of the pod may have more room: --volume NAME',
        'record only headers: -s 128',
      ],
    },
  );
}
