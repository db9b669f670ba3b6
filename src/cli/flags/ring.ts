import type { RingOptions } from '../../capture/spool/ringPlan.ts';
import type { FlagTable, FlagValues, ValueType } from './flag.ts';
import { count, DURATION, SIZE } from './valueTypes.ts';

interface Age {
  readonly seconds: number;
  /** The value is a number without a unit. */
  readonly bare: boolean;
}

const AGE: ValueType<Age> = {
  placeholder: DURATION.placeholder,
  parse: (text) => ({ seconds: DURATION.parse(text), bare: /^\d+$/.test(text) }),
};

/** tcpdump's flags for a ring of files, with the same meaning. */
export const RING_FLAGS = {
  'file-size': { alias: 'C', value: SIZE, help: 'Start a new file at this size: 100 (MB), 64MiB' },
  rotate: { alias: 'G', value: AGE, help: 'Start a new file at this age: 60m, 3600 (seconds)' },
  files: {
    alias: 'W',
    value: count(),
    help: 'Keep this many of the newest files (default as many as fit)',
  },
} as const satisfies FlagTable;

type RingValues = FlagValues<typeof RING_FLAGS>;

/** Whether the flags request a ring of files. */
export function hasRingFlags(flags: RingValues): boolean {
  return [flags['file-size'], flags.rotate, flags.files].some((value) => value !== undefined);
}

export function ringOptions({ 'file-size': fileBytes, rotate, files }: RingValues): RingOptions {
  return {
    ...(fileBytes !== undefined && { fileBytes }),
    ...(rotate !== undefined && { age: Math.ceil(rotate.seconds) }),
    ...(files !== undefined && { files }),
  };
}

/** A notice for -G without a unit. tcpdump counts it in seconds, but many people expect minutes. */
export function ringNote({ rotate }: RingValues): string | undefined {
  return rotate?.bare
    ? `note: -G ${rotate.seconds} means ${rotate.seconds} seconds, as in tcpdump; for minutes use -G ${rotate.seconds}m`
    : undefined;
}
