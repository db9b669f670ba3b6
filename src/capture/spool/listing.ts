import { type Outage, parseOutage } from '../outage.ts';
import { addUnmatched, NOTHING_KNOWN, type Unmatched } from '../unmatched.ts';

/** Why a recording ended, as its state says. */
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
  /** The engine's argument vector, for people. */
  readonly argv: string;
  /** Seconds since 1970. */
  readonly started: number;
  /** `waiting`: for an interface of the name to be there again. */
  readonly phase: 'starting' | 'recording' | 'waiting' | 'ended';
  /** When the interface was not there; the newest few. */
  readonly outages: readonly Outage[];
  /** Bounds of the ring in kB (1000 bytes), files and seconds; 0 for none. */
  readonly fileKilobytes: number;
  readonly files: number;
  readonly age: number;
  /** Files that the ring removed. */
  readonly removed: number;
  /** Recorded in all, as well as known. */
  readonly bytes: number;
  /** Set when the phase is `ended`; `interrupted` when the recorder ended without recording why. */
  readonly end?: {
    readonly why: RecordingEnd;
    readonly exit: number;
    /** Seconds since 1970; not known of an interrupted one. */
    readonly at?: number;
    readonly captured?: number;
    readonly received?: number;
    readonly dropped?: number;
    /** Of one that captured nothing. */
    readonly unmatched?: Unmatched;
  };
}

export interface SpoolFile {
  readonly seq: number;
  readonly size: number;
  /** Seconds since 1970; absent where the image cannot tell. */
  readonly modified?: number;
  /** Nothing will be added to it. */
  readonly closed: boolean;
  readonly name: string;
}

export interface Listing {
  readonly state: RecorderState;
  /** Oldest first; numbers without holes. */
  readonly files: readonly SpoolFile[];
  /** KiB that may still be written there. */
  readonly freeKibibytes: number;
  /** What the engine said, once it has ended. */
  readonly log: readonly string[];
  /** Programs that the container has: of `tshark`, `tcpdump`, `gzip` and `zstd`. */
  readonly tools: ReadonlySet<string>;
}

const ENDS: ReadonlySet<string> = new Set<RecordingEnd>([
  ...(['stopped', 'lease', 'duration', 'size', 'complete'] as const),
  ...(['engine', 'floor', 'full', 'ended', 'interrupted'] as const),
]);

const PHASES = ['recording', 'waiting', 'ended'] as const;

/** Reads what `list` of spool.sh printed; undefined when it is not whole (a stream cut short). */
export function parseListing(text: string): Listing | undefined {
  const lines = text.split('\n');
  // `ok` alone does not prove that its line is whole, the newline behind it does.
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
    phase: PHASES.find((one) => one === phase) ?? 'starting',
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
