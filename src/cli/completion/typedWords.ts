import { tokenize } from '../tokens.ts';
import type { CommandCompletion, CompletionTable, FlagEntry } from './table.ts';

/** The words before the cursor, read in the same way as by the parser. */
export interface TypedWords {
  readonly command: CommandCompletion | undefined;
  /** There is a word in place of the command, but no such command. */
  readonly unknown: boolean;
  /** The last value of each flag, by its long name. */
  readonly flags: ReadonlyMap<string, string>;
  /** The arguments of the command. */
  readonly positionals: readonly string[];
  /** The flag whose value is being typed. */
  readonly pending: FlagEntry | undefined;
  /** The cursor is after `--`, where nothing can be completed. */
  readonly afterDashes: boolean;
}

/** Reads the words before the one at the cursor. */
export function readTypedWords(table: CompletionTable, words: readonly string[]): TypedWords {
  const first = tokenize(table.flags, words).find(({ kind }) => kind === 'argument');
  const named = first?.kind === 'argument' ? first : undefined;
  const command = table.commands.find(({ name }) => name === named?.text);
  const read = tokenize(
    command?.flags ?? table.flags,
    named && command ? words.toSpliced(named.index, 1) : words,
  );
  const last = read.at(-1);
  return {
    command,
    unknown: named !== undefined && !command,
    flags: new Map(
      read.flatMap((word) =>
        word.kind === 'flag' ? [[word.flag.name, word.value ?? 'true'] as const] : [],
      ),
    ),
    positionals: command
      ? read.flatMap((word) => (word.kind === 'argument' ? [word.text] : []))
      : [],
    pending: last?.kind === 'incomplete flag' ? last.flag : undefined,
    afterDashes: last?.kind === 'rest',
  };
}
