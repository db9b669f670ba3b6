import { CONNECTION_FLAGS } from './connection.ts';
import type { FlagTable } from './flag.ts';
import { FILE } from './valueTypes.ts';

/** The flags that every command accepts, and that `options` lists. */
export const COMMON_FLAGS = {
  ...CONNECTION_FLAGS,
  'trace-timing': {
    value: FILE,
    help: 'Write a trace of what the command waits for to this file, in Chrome trace format (chrome://tracing, ui.perfetto.dev)',
  },
} as const satisfies FlagTable;
