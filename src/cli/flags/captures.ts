import type { PacketFilter } from '../../capture/fetch/podFilter.ts';
import { wrongUsage } from '../../problem.ts';
import type { FlagTable, FlagValues } from './flag.ts';
import { LIST_OUTPUT } from './output.ts';
import { anyText, count, FILE, oneOf } from './valueTypes.ts';

/** What `captures` can do. */
export const CAPTURES_ACTIONS = [
  'list',
  'status',
  'follow',
  'read',
  'summary',
  'fetch',
  'stop',
  'rm',
] as const;
export type CapturesAction = (typeof CAPTURES_ACTIONS)[number];

/** The options of `captures`. */
export const CAPTURES_FLAGS = {
  'all-namespaces': { alias: 'A', help: 'With list: in all namespaces' },
  all: { help: 'With list: include removed captures' },
  output: LIST_OUTPUT,
  write: {
    alias: 'w',
    value: FILE,
    help: 'With fetch: write to this folder (default the name of the capture); if there are several pods, each gets a folder in it. With follow: write to this file, or to standard output (-)',
  },
  verify: {
    value: oneOf('METHOD', ['size+walk', 'sha256']),
    default: 'size+walk',
    help: 'With fetch: verify the copies by their sizes and packets (size+walk), or also by checksums computed in the pod (sha256)',
  },
  'display-filter': {
    alias: 'Y',
    value: anyText('FILTER'),
    help: "With read and fetch: only packets that match this filter in Wireshark's language; see: kubectl netdebug filters",
  },
  count: { alias: 'c', value: count(), help: 'With read: stop after this many packets' },
  flush: { help: 'With fetch: also copy what has been written to the current file' },
  force: { help: 'With fetch and follow: overwrite files that do not belong to this capture' },
} as const satisfies FlagTable;

export type CapturesFlags = FlagValues<typeof CAPTURES_FLAGS>;

/** The flags that only some actions use, as users write them. */
const FLAGS_OF_ACTIONS: readonly {
  readonly flag: string;
  readonly actions: readonly CapturesAction[];
  readonly isGiven: (flags: CapturesFlags) => boolean;
}[] = [
  { flag: '-A', actions: ['list'], isGiven: (flags) => flags['all-namespaces'] },
  { flag: '--all', actions: ['list'], isGiven: (flags) => flags.all },
  {
    flag: '-o',
    actions: ['list', 'status', 'summary'],
    isGiven: (flags) => flags.output !== undefined,
  },
  { flag: '-w', actions: ['fetch', 'follow'], isGiven: (flags) => flags.write !== undefined },
  {
    flag: '--verify',
    actions: ['fetch'],
    isGiven: (flags) => flags.verify !== CAPTURES_FLAGS.verify.default,
  },
  { flag: '-c', actions: ['read'], isGiven: (flags) => flags.count !== undefined },
  { flag: '--flush', actions: ['fetch'], isGiven: (flags) => flags.flush },
  { flag: '--force', actions: ['fetch', 'follow'], isGiven: (flags) => flags.force },
];

/** Throws a usage error for a flag, a format or a filter that the action does not use. */
export function checkCapturesFlags(
  action: CapturesAction,
  flags: CapturesFlags,
  filter: PacketFilter | undefined,
): void {
  for (const { flag, actions, isGiven } of FLAGS_OF_ACTIONS)
    if (isGiven(flags) && !actions.includes(action))
      throw wrongUsage(
        `captures ${action} does not take ${flag}`,
        `${flag} is for ${actions.map((name) => `captures ${name}`).join(' and ')}`,
      );
  const { output } = flags;
  // The facts about one capture are a document, and cannot be shown in columns.
  if (action !== 'list' && (output === 'wide' || output === 'name'))
    throw wrongUsage(
      `captures ${action}: -o ${output} is only for captures list`,
      'use -o json or -o yaml',
    );
  if (filter && action !== 'read' && action !== 'fetch')
    throw wrongUsage(
      `captures ${action} does not take a filter`,
      'filters are for captures read and captures fetch',
    );
  if (filter && flags.verify === 'sha256')
    throw wrongUsage(
      'a filter and --verify sha256 cannot be combined',
      'filtered packets have no checksum in the pod',
    );
}
