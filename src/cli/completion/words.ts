import type { CommandEntry, CompletionTable, FlagEntry } from './table.ts';

/** What stands before the cursor, understood as the parser will. */
export interface TypedWords {
  readonly command: CommandEntry | undefined;
  /** A word that should be a command and is none. */
  readonly unknown: boolean;
  /** The last value of each flag, by its long name. */
  readonly flags: ReadonlyMap<string, string>;
  /** What is neither a flag nor a flag's value, without the command. */
  readonly positionals: readonly string[];
  /** The flag whose value is being typed. */
  readonly pending: FlagEntry | undefined;
  /** The cursor is after `--`: what stands there is not ours to complete. */
  readonly afterDashes: boolean;
}

/** Reads the words before the one at the cursor. */
export function readWords(table: CompletionTable, words: readonly string[]): TypedWords {
  let command: CommandEntry | undefined;
  let pending: FlagEntry | undefined;
  let unknown = false;
  const flags = new Map<string, string>();
  const positionals: string[] = [];
  for (const word of words) {
    if (pending) {
      flags.set(pending.name, word);
      pending = undefined;
    } else if (word === '--') {
      return { command, unknown, flags, positionals, pending, afterDashes: true };
    } else if (word.startsWith('-') && word !== '-') {
      const known = command?.flags ?? table.flatMap((entry) => entry.flags);
      const { flag, value } = readFlag(known, word);
      if (flag?.takesValue && value === undefined) pending = flag;
      else if (flag) flags.set(flag.name, value ?? 'true');
    } else if (command) positionals.push(word);
    else {
      command = table.find(({ name }) => name === word);
      unknown ||= !command;
    }
  }
  return { command, unknown, flags, positionals, pending, afterDashes: false };
}

/** The flag of a word, and the value when it is in the same word: `--name=value`, `-nvalue`, `-lp`. */
export function readFlag(
  known: readonly FlagEntry[],
  word: string,
): { flag?: FlagEntry; value?: string } {
  const equals = word.indexOf('=');
  const name = equals < 0 ? word : word.slice(0, equals);
  const value = equals < 0 ? undefined : word.slice(equals + 1);
  if (name.startsWith('--')) {
    const flag = known.find((entry) => `--${entry.name}` === name);
    return { ...(flag && { flag }), ...(value !== undefined && { value }) };
  }
  for (let at = 1; at < word.length; at += 1) {
    const flag = known.find(({ alias }) => alias === word[at]);
    const rest = word.slice(at + 1).replace(/^=/, '');
    if (!flag) return {};
    if (flag.takesValue) return { flag, ...(rest !== '' && { value: rest }) };
    if (rest === '') return { flag };
  }
  return {};
}
