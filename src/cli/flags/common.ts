import { CONNECTION_FLAGS } from './connection.ts';
import type { FlagTable } from './flag.ts';
import { FILE } from './valueTypes.ts';

/** The flags that every command takes and `options` lists. */
export const COMMON_FLAGS = {
  ...CONNECTION_FLAGS,
  'trace-timing': {
    value: FILE,
    help: 'Write to this file what the command waits for, in Chrome trace format (chrome://tracing, ui.perfetto.dev)',
  },
} as const satisfies FlagTable;
