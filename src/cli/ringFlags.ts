import type { RingWishes } from '../capture/spool/ringPlan.ts';
import { parseCount, parseDuration, parseSize } from './values.ts';

/** tcpdump's flags for a ring of files, with the meaning that people expect of them. */
export const RING_OPTIONS = {
  'file-size': {
    alias: 'C',
    type: 'string',
    requiresArg: true,
    describe: 'A new file at this size: 100 (MB), 64MiB',
  },
  rotate: {
    alias: 'G',
    type: 'string',
    requiresArg: true,
    describe: 'A new file at this age: 60m, 3600 (seconds)',
  },
  files: {
    alias: 'W',
    type: 'string',
    requiresArg: true,
    describe: 'Keep the newest so many files  [as many as fit]',
  },
} as const;

export interface RingArguments {
  readonly 'file-size'?: string | undefined;
  readonly rotate?: string | undefined;
  readonly files?: string | undefined;
}

/** Whether a ring of files is asked for. */
export function asksForRing(flags: RingArguments): boolean {
  return [flags['file-size'], flags.rotate, flags.files].some((value) => value !== undefined);
}

export function ringWishes(flags: RingArguments): RingWishes {
  const { 'file-size': size, rotate, files } = flags;
  return {
    ...(size !== undefined && { fileBytes: parseSize('-C', size) }),
    ...(rotate !== undefined && { age: Math.ceil(parseDuration('-G', rotate)) }),
    ...(files !== undefined && { files: parseCount('-W', files) }),
  };
}

/** Many expect minutes of a bare -G, which tcpdump counts in seconds. */
export function ringNote({ rotate }: RingArguments): string | undefined {
  return rotate !== undefined && /^\d+$/.test(rotate)
    ? `note: -G ${rotate} is ${rotate} seconds, as in tcpdump; for minutes write ${rotate}m`
    : undefined;
}
