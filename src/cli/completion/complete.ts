import type { CompletionSource } from '../flags/flag.ts';
import { tokenizeFlags } from '../tokens.ts';
import {
  type Answer,
  type Candidate,
  DIRECTIVE,
  FILE_NAMES,
  filterCandidates,
  NO_CANDIDATES,
} from './answer.ts';
import type { ArgumentEntry, CommandCompletion, CompletionTable, FlagEntry } from './table.ts';
import { readTypedWords, type TypedWords } from './typedWords.ts';

/** Queries to the kubeconfig and the cluster. Each returns an empty list if it fails. */
export interface Sources {
  kubeconfig(kind: 'contexts' | 'clusters' | 'users', words: TypedWords): Promise<Candidate[]>;
  namespaces(words: TypedWords): Promise<Candidate[]>;
  targets(words: TypedWords, typed: string): Promise<Candidate[]>;
  containers(words: TypedWords): Promise<Candidate[]>;
  volumes(words: TypedWords): Promise<Candidate[]>;
  captures(words: TypedWords): Promise<Candidate[]>;
}

type Source = (sources: Sources, words: TypedWords, typed: string) => Promise<Candidate[]>;

/** The usual interfaces of pods. Asking a pod for its own would start a debugger. */
const INTERFACES: readonly Candidate[] = [
  { value: 'any', description: 'all interfaces, including lo' },
  { value: 'eth0', description: "the pod's network" },
  { value: 'lo', description: 'within the pod: service meshes, sidecars' },
];

/** The sources of values that are not a fixed list. The shell itself completes file names. */
const SOURCES: Readonly<Record<Exclude<CompletionSource, 'files'>, Source>> = {
  captures: (sources, words) => sources.captures(words),
  clusters: (sources, words) => sources.kubeconfig('clusters', words),
  containers: (sources, words) => sources.containers(words),
  contexts: (sources, words) => sources.kubeconfig('contexts', words),
  interfaces: async () => [...INTERFACES],
  namespaces: (sources, words) => sources.namespaces(words),
  targets: (sources, words, typed) => sources.targets(words, typed),
  users: (sources, words) => sources.kubeconfig('users', words),
  volumes: (sources, words) => sources.volumes(words),
};

/**
 * Candidates for the word at the cursor. `args` are the words after the program's name. The last one, which may be
 * empty, is the word at the cursor. `sources` loads the code that is only needed for names.
 */
export async function complete(
  table: CompletionTable,
  args: readonly string[],
  sources: () => Promise<Sources>,
): Promise<Answer> {
  const typed = args.at(-1) ?? '';
  const words = readTypedWords(table, args.slice(0, -1));
  const { command, unknown, pending, afterDashes } = words;
  if (afterDashes || unknown) return NO_CANDIDATES;
  if (pending) return completeValue(pending, words, typed, sources);
  if (typed.startsWith('--') && typed.includes('=')) {
    const [read] = tokenizeFlags(command?.flags ?? table.flags, typed);
    return read?.kind === 'flag'
      ? completeValue(read.flag, words, read.value ?? '', sources)
      : NO_CANDIDATES;
  }
  if (typed.startsWith('-'))
    return filterCandidates(flagCandidates(command?.flags ?? table.flags, words, typed), typed);
  if (command) return completeArgument(command, words, typed, sources);
  return filterCandidates(
    table.commands.map(({ name, description }) => ({ value: name, description })),
    typed,
  );
}

function flagCandidates(
  flags: readonly FlagEntry[],
  words: TypedWords,
  typed: string,
): Candidate[] {
  return flags
    .filter(({ name, repeatable }) => repeatable || !words.flags.has(name))
    .flatMap(({ name, alias, description }) => [
      ...(alias !== undefined && typed === '-' ? [{ value: `-${alias}`, description }] : []),
      { value: `--${name}`, description },
    ]);
}

async function completeValue(
  { choices, complete: source }: FlagEntry | ArgumentEntry,
  words: TypedWords,
  typed: string,
  sources: () => Promise<Sources>,
): Promise<Answer> {
  if (choices)
    return filterCandidates(
      choices.map((choice) => ({ value: choice })),
      typed,
    );
  if (source === 'files') return FILE_NAMES;
  if (source === undefined) return NO_CANDIDATES;
  return filterCandidates(await SOURCES[source](await sources(), words, typed), typed);
}

async function completeArgument(
  { arguments: declared }: CommandCompletion,
  words: TypedWords,
  typed: string,
  sources: () => Promise<Sources>,
): Promise<Answer> {
  const last = declared.at(-1);
  const argumentEntry = declared[words.positionals.length] ?? (last?.variadic ? last : undefined);
  if (!argumentEntry) return NO_CANDIDATES;
  const { candidates, directive } = await completeValue(argumentEntry, words, typed, sources);
  const others = candidates.filter((candidate) => !words.positionals.includes(candidate.value));
  // Some names are also the beginning of others. The shell must not add a space to them.
  const isPartial = others.length > 0 && others.every((candidate) => candidate.value.endsWith('/'));
  return { candidates: others, directive: isPartial ? directive | DIRECTIVE.noSpace : directive };
}
