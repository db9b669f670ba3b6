/** The properties of a flag that are needed to read words. */
export interface NamedFlag {
  /** The long name, without dashes. */
  readonly name: string;
  /** One letter, without the dash. */
  readonly alias?: string;
  readonly takesValue: boolean;
}

/** A word of a command line, or several words that belong together. */
export type Word<F> =
  | { readonly kind: 'flag'; readonly flag: F; readonly value: string | undefined }
  /** A flag that requires a value but has none. */
  | { readonly kind: 'incomplete flag'; readonly flag: F; readonly shown: string }
  | { readonly kind: 'unknown flag'; readonly shown: string; readonly short: boolean }
  /** A word that is neither a flag nor its value. `index` is its position among all words. */
  | { readonly kind: 'argument'; readonly text: string; readonly index: number }
  /** `--` and everything after it. */
  | { readonly kind: 'rest'; readonly words: readonly string[] };

/**
 * Reads words as kubectl's parser (pflag) does: `--name value`, `--name=value`, `-nvalue`, `-n=value`, and several
 * letters in one word. Unlike in pflag, a flag of this command is never the value of the flag before it: in `-i -w x`,
 * the value of `-i` is most likely missing.
 */
export function readWords<F extends NamedFlag>(
  flags: readonly F[],
  words: readonly string[],
): Word<F>[] {
  const found: Word<F>[] = [];
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? '';
    if (word === '--') {
      found.push({ kind: 'rest', words: words.slice(index + 1) });
      break;
    }
    if (!isFlag(word)) {
      found.push({ kind: 'argument', text: word, index });
      continue;
    }
    for (const one of readFlags(flags, word)) {
      const next = words[index + 1];
      if (one.kind === 'incomplete flag' && next !== undefined && canBeValue(flags, next)) {
        found.push({ kind: 'flag', flag: one.flag, value: next });
        index += 1;
      } else found.push(one);
    }
  }
  return found;
}

/** A single dash means standard output or input. */
function isFlag(word: string): boolean {
  return word.startsWith('-') && word !== '-';
}

function canBeValue<F extends NamedFlag>(flags: readonly F[], word: string): boolean {
  if (!isFlag(word)) return true;
  return word !== '--' && readFlags(flags, word).some(({ kind }) => kind === 'unknown flag');
}

/** The flags in one word, with the values in it. */
export function readFlags<F extends NamedFlag>(flags: readonly F[], word: string): Word<F>[] {
  if (word.startsWith('--')) {
    const [name = '', value] = splitAtEquals(word);
    const flag = flags.find((one) => `--${one.name}` === name);
    if (!flag) return [{ kind: 'unknown flag', shown: name, short: false }];
    if (value === undefined && flag.takesValue)
      return [{ kind: 'incomplete flag', flag, shown: name }];
    return [{ kind: 'flag', flag, value }];
  }
  const found: Word<F>[] = [];
  for (let at = 1; at < word.length; at += 1) {
    const letter = word[at] ?? '';
    const shown = `'${letter}' in ${word}`;
    const flag = flags.find(({ alias }) => alias === letter);
    if (!flag) return [...found, { kind: 'unknown flag', shown, short: true }];
    const rest = word.slice(at + 1);
    if (rest.startsWith('=')) return [...found, { kind: 'flag', flag, value: rest.slice(1) }];
    if (flag.takesValue)
      return [
        ...found,
        rest === ''
          ? { kind: 'incomplete flag', flag, shown }
          : { kind: 'flag', flag, value: rest },
      ];
    found.push({ kind: 'flag', flag, value: undefined });
  }
  return found;
}

function splitAtEquals(word: string): [name: string, value?: string] {
  const equals = word.indexOf('=');
  return equals < 0 ? [word] : [word.slice(0, equals), word.slice(equals + 1)];
}
