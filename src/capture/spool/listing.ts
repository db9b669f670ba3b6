import { type Outage, parseOutage } from '../outage.ts';
import { addUnmatched, NOTHING_KNOWN, type Unmatched } from '../unmatched.ts';

/** Why a recording ended, from the recorder's state. */
export type RecordingEnd =
  | 'stopped'
  | 'lease'
  | 'duration'
  | 'size'
  | 'complete'
  | 'engine'
  | 'floor'
  | 'full'
  | 'ended'
  | 'interrupted';

/** What a recorder reports about itself. */
export interface RecorderState {
  readonly engine: string;
  readonly device: string;
  /** The engine's command line, for display. */
  readonly argv: string;
  /** Seconds since 1970. */
  readonly started: number;
  /** `waiting`: until an interface of this name is back. */
  readonly phase: 'starting' | 'recording' | 'waiting' | 'ended';
  /** Times without the interface; only the most recent ones. */
  readonly outages: readonly Outage[];
  /** Bounds of the ring in kB (1000 bytes), files and seconds; 0 for none. */
  readonly fileKilobytes: number;
  readonly files: number;
  readonly age: number;
  /** Files that the ring removed. */
  readonly removed: number;
  /** Total bytes recorded, as far as known. */
  readonly bytes: number;
  /** Set if the phase is `ended`; `interrupted` if the recorder ended without recording a reason. */
  readonly end?: {
    readonly why: RecordingEnd;
    readonly exit: number;
    /** Seconds since 1970; unknown for an interrupted recorder. */
    readonly at?: number;
    readonly captured?: number;
    readonly received?: number;
    readonly dropped?: number;
    /** Set if nothing was captured. */
    readonly unmatched?: Unmatched;
  };
}

export interface SpoolFile {
  readonly seq: number;
  readonly size: number;
  /** Seconds since 1970; absent if the image's tools cannot report it. */
  readonly modified?: number;
  /** Whether the file is complete. */
  readonly closed: boolean;
  readonly name: string;
}

export interface Listing {
  readonly state: RecorderState;
  /** Oldest first, with consecutive numbers. */
  readonly files: readonly SpoolFile[];
  /** KiB that may still be written to the disk. */
  readonly freeKibibytes: number;
  /** The engine's messages, once it has ended. */
  readonly log: readonly string[];
  /** Programs found in the container, out of `tshark`, `tcpdump`, `gzip` and `zstd`. */
  readonly tools: ReadonlySet<string>;
}

const ENDS: ReadonlySet<string> = new Set<RecordingEnd>([
  ...(['stopped', 'lease', 'duration', 'size', 'complete'] as const),
  ...(['engine', 'floor', 'full', 'ended', 'interrupted'] as const),
]);

const PHASES = ['recording', 'waiting', 'ended'] as const;

/** Parses the output of `list` of spool.sh; undefined if it is incomplete (a stream that was cut off). */
export function parseListing(text: string): Listing | undefined {
  const lines = text.split('\n');
  // `ok` alone does not prove that its line is complete; the newline after it does.
  if (lines.at(-1) !== '' || lines.at(-2) !== 'ok') return undefined;
  const state = new Map<string, string>();
  const files: SpoolFile[] = [];
  const log: string[] = [];
  const outages: Outage[] = [];
  let unmatched: Unmatched | undefined;
  const tools = new Set<string>();
  let freeKibibytes = 0;
  for (const line of lines) {
    const [kind, ...words] = line.split(' ');
    if (kind === 'state' && words[0] === 'outage') outages.push(parseOutage(words.slice(1)));
    else if (kind === 'state' && (words[0] === 'passed' || words[0] === 'connected'))
      unmatched = addUnmatched(unmatched ?? NOTHING_KNOWN, words.join(' '));
    else if (kind === 'state') state.set(words[0] ?? '', words.slice(1).join(' '));
    else if (kind === 'file') files.push(parseFile(words));
    else if (kind === 'free') freeKibibytes = Number(words[0]);
    else if (kind === 'tool') tools.add(words[0] ?? '');
    else if (kind === 'log') log.push(words.join(' '));
  }
  return { state: { ...parseState(state, unmatched), outages }, files, freeKibibytes, log, tools };
}

function parseFile([seq, size, modified, growth, name = '']: readonly string[]): SpoolFile {
  return {
    seq: Number(seq),
    size: Number(size),
    ...(modified !== '-' && { modified: Number(modified) }),
    closed: growth === 'closed',
    name,
  };
}

function parseState(
  values: ReadonlyMap<string, string>,
  unmatched: Unmatched | undefined,
): Omit<RecorderState, 'outages'> {
  const number = (name: string) => Number(values.get(name) ?? 0);
  const phase = values.get('phase');
  return {
    engine: values.get('engine') ?? '',
    device: values.get('device') ?? '',
    argv: values.get('argv') ?? '',
    started: number('started'),
    phase: PHASES.find((known) => known === phase) ?? 'starting',
    fileKilobytes: number('filekb'),
    files: number('files'),
    age: number('age'),
    removed: number('removed'),
    bytes: number('bytes'),
    ...(phase === 'ended' && { end: { ...parseEnd(values), ...(unmatched && { unmatched }) } }),
  };
}

function parseEnd(values: ReadonlyMap<string, string>): NonNullable<RecorderState['end']> {
  const why = values.get('why') ?? '';
  const optional = (name: string, key = name) => {
    const value = values.get(name);
    return value === undefined ? {} : { [key]: Number(value) };
  };
  return {
    why: isEnd(why) ? why : 'interrupted',
    exit: Number(values.get('exit') ?? 0),
    ...optional('ended', 'at'),
    ...optional('captured'),
    ...optional('received'),
    ...optional('dropped'),
  };
}

function isEnd(why: string): why is RecordingEnd {
  return ENDS.has(why);
}
