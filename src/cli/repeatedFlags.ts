import { KUBECTL_FLAGS } from './kubectlFlags.ts';

/** Stands between the values of one flag; no argument of a program can hold it. */
const SEPARATOR = '\0';

const LISTS: readonly string[] = [
  ...KUBECTL_FLAGS.filter(({ type }) => type === 'list').map(({ name }) => `--${name}`),
  '--peer',
  '--preset',
];

/**
 * The arguments with the values of flags that may be repeated (--as-group) in one of each: of any
 * other flag the parser takes the last, as kubectl does, and it cannot do both.
 */
export function joinRepeated(args: readonly string[]): string[] {
  const end = args.includes('--') ? args.indexOf('--') : args.length;
  const values = new Map<string, string[]>();
  const rest: string[] = [];
  for (let i = 0; i < end; i++) {
    const [word = '', next] = [args[i], args[i + 1]];
    const [name = '', ...value] = word.split('=');
    const given = value.length > 0 ? value.join('=') : next;
    if (!LISTS.includes(name) || given === undefined) rest.push(word);
    else {
      values.set(name, [...(values.get(name) ?? []), given]);
      if (value.length === 0) i += 1;
    }
  }
  const joined = [...values].map(([name, list]) => `${name}=${list.join(SEPARATOR)}`);
  return [...rest, ...joined, ...args.slice(end)];
}

/** The values that `joinRepeated` put together. */
export function splitRepeated(value: string): string[] {
  return value.split(SEPARATOR);
}

/** What is no flag, and so may be many: the words of the command line. */
const WORDS: readonly string[] = ['_', '--', 'targets', 'names', 'expression'];

/**
 * The parsed flags with the last value of each that was given twice. The parser could do that itself,
 * but would take the last of several targets too.
 */
export function lastOfEach<Flags extends object>(flags: Flags): Flags {
  const entries = Object.entries(flags).map(([name, value]) => [
    name,
    Array.isArray(value) && !WORDS.includes(name) ? value.at(-1) : value,
  ]);
  return Object.fromEntries(entries) as Flags;
}
