import { type Answer, among, type Candidate, DIRECTIVE, FILES, NOTHING } from './answer.ts';
import type { CommandEntry, CompletionTable, FlagEntry } from './table.ts';
import { readFlag, readWords, type TypedWords } from './words.ts';

/** What is asked of the kubeconfig and the cluster; each answers with nothing when it cannot. */
export interface Sources {
  kubeconfig(kind: 'contexts' | 'clusters' | 'users', words: TypedWords): Promise<Candidate[]>;
  namespaces(words: TypedWords): Promise<Candidate[]>;
  targets(words: TypedWords, typed: string): Promise<Candidate[]>;
  containers(words: TypedWords): Promise<Candidate[]>;
  volumes(words: TypedWords): Promise<Candidate[]>;
  captures(words: TypedWords): Promise<Candidate[]>;
}

type Source = (sources: Sources, words: TypedWords, typed: string) => Promise<Candidate[]>;

/** Interfaces that pods have; to ask a pod for its own would start a debugger. */
const INTERFACES: readonly Candidate[] = [
  { value: 'any', describe: 'every interface, lo too' },
  { value: 'eth0', describe: "the pod's network" },
  { value: 'lo', describe: 'within the pod: service meshes, sidecars' },
];

/** Flags whose values are known from somewhere, by their long names. */
const VALUES: Readonly<Record<string, Source>> = {
  namespace: (sources, words) => sources.namespaces(words),
  context: (sources, words) => sources.kubeconfig('contexts', words),
  cluster: (sources, words) => sources.kubeconfig('clusters', words),
  user: (sources, words) => sources.kubeconfig('users', words),
  container: (sources, words) => sources.containers(words),
  volume: (sources, words) => sources.volumes(words),
  interface: async () => [...INTERFACES],
};

/** Flags and arguments whose values are files. */
const FILE_FLAGS: ReadonlySet<string> = new Set([
  'write',
  'kubeconfig',
  'certificate-authority',
  'client-certificate',
  'client-key',
]);

/** Arguments whose values are known from somewhere, by their names in the usage. */
const ARGUMENTS: Readonly<Record<string, Source>> = {
  target: (sources, words, typed) => sources.targets(words, typed),
  targets: (sources, words, typed) => sources.targets(words, typed),
  names: (sources, words) => sources.captures(words),
};

/**
 * What could stand at the cursor. `args` are the words after the program's name, the last of them
 * the one at the cursor, which may be empty.
 */
export async function complete(
  table: CompletionTable,
  args: readonly string[],
  sources: Sources,
): Promise<Answer> {
  const typed = args.at(-1) ?? '';
  const words = readWords(table, args.slice(0, -1));
  const { command, unknown, pending, afterDashes } = words;
  if (afterDashes || unknown) return NOTHING;
  if (pending) return flagValue(pending, words, typed, sources);
  if (typed.startsWith('--') && typed.includes('=')) {
    const { flag, value = '' } = readFlag(command?.flags ?? [], typed);
    return flag ? flagValue(flag, words, value, sources) : NOTHING;
  }
  if (!command)
    return typed.startsWith('-')
      ? among([{ value: '--help' }, { value: '--version' }], typed)
      : among(
          table.map(({ name, describe }) => ({ value: name, describe })),
          typed,
        );
  if (typed.startsWith('-')) return among(flagNames(command, words, typed), typed);
  return argument(command, words, typed, sources);
}

function flagNames({ flags }: CommandEntry, words: TypedWords, typed: string): Candidate[] {
  return flags
    .filter(({ name }) => !words.flags.has(name) || name.startsWith('as-'))
    .flatMap(({ name, alias, describe }) => [
      ...(alias !== undefined && typed === '-' ? [{ value: `-${alias}`, describe }] : []),
      { value: `--${name}`, describe },
    ]);
}

async function flagValue(
  { name, values }: FlagEntry,
  words: TypedWords,
  typed: string,
  sources: Sources,
): Promise<Answer> {
  if (values) return among(asCandidates(values), typed);
  if (FILE_FLAGS.has(name)) return FILES;
  const source = VALUES[name];
  return source ? among(await source(sources, words, typed), typed) : NOTHING;
}

async function argument(
  { positionals }: CommandEntry,
  words: TypedWords,
  typed: string,
  sources: Sources,
): Promise<Answer> {
  const last = positionals.at(-1);
  const place = positionals[words.positionals.length] ?? (last?.variadic ? last : undefined);
  if (!place) return NOTHING;
  if (place.values) return among(asCandidates(place.values), typed);
  if (/^files?$/.test(place.name)) return FILES;
  const source = ARGUMENTS[place.name];
  if (!source) return NOTHING;
  const found = await source(sources, words, typed);
  const others = found.filter(({ value }) => !words.positionals.includes(value));
  const answer = among(others, typed);
  // Where names are both a whole and the beginning of others the shell must not go on by itself.
  return answer.candidates.length > 1 && answer.candidates.every(({ value }) => value.endsWith('/'))
    ? { ...answer, directive: DIRECTIVE.noFiles + DIRECTIVE.noSpace }
    : answer;
}

function asCandidates(values: readonly string[]): Candidate[] {
  return values.map((value) => ({ value }));
}
