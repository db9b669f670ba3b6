/** The properties of a flag that are needed to read words. */
export interface NamedFlag {
  /** The long name, without dashes. */
  readonly name: string;
  /** One letter, without the dash. */
  readonly alias?: string;
  readonly takesValue: boolean;
}

/** A word of a command line, or several words that belong together. */
export type CommandLineToken<F> =
  | { readonly kind: 'flag'; readonly flag: F; readonly value: string | undefined }
  /** A flag that requires a value but has none. */
  | { readonly kind: 'incomplete flag'; readonly flag: F; readonly shown: string }
  | { readonly kind: 'unknown flag'; readonly shown: string; readonly short: boolean }
  /** A word that is neither a flag nor its value. `index` is its position among all words. */
  | { readonly kind: 'argument'; readonly text: string; readonly index: number }
  /** `--` and everything after it. */
  | { readonly kind: 'rest'; readonly args: readonly string[] };

/**
 * Reads words as kubectl's parser (pflag) does: `--name value`, `--name=value`, `-nvalue`, `-n=value`, and several
 * letters in one word. Unlike in pflag, a flag of this command is never the value of the flag before it: in `-i -w x`,
 * the value of `-i` is most likely missing.
 */
export function tokenize<F extends NamedFlag>(
  flags: readonly F[],
  args: readonly string[],
): CommandLineToken<F>[] {
  const tokens: CommandLineToken<F>[] = [];
  for (let index = 0; index < args.length; index += 1) {
    const arg = args[index] ?? '';
    if (arg === '--') {
      tokens.push({ kind: 'rest', args: args.slice(index + 1) });
      break;
    }
    if (!isFlag(arg)) {
      tokens.push({ kind: 'argument', text: arg, index });
      continue;
    }
    for (const token of tokenizeFlags(flags, arg)) {
      const next = args[index + 1];
      if (token.kind === 'incomplete flag' && next !== undefined && canBeValue(flags, next)) {
        tokens.push({ kind: 'flag', flag: token.flag, value: next });
        index += 1;
      } else tokens.push(token);
    }
  }
  return tokens;
}

/** A single dash means standard output or input. */
function isFlag(arg: string): boolean {
  return arg.startsWith('-') && arg !== '-';
}

function canBeValue<F extends NamedFlag>(flags: readonly F[], arg: string): boolean {
  if (!isFlag(arg)) return true;
  return arg !== '--' && tokenizeFlags(flags, arg).some(({ kind }) => kind === 'unknown flag');
}

/** The flags in one word, with the values in it. */
export function tokenizeFlags<F extends NamedFlag>(
  flags: readonly F[],
  arg: string,
): CommandLineToken<F>[] {
  if (arg.startsWith('--')) {
    const [name = '', value] = splitAtEquals(arg);
    const flag = flags.find((candidate) => `--${candidate.name}` === name);
    if (!flag) return [{ kind: 'unknown flag', shown: name, short: false }];
    if (value === undefined && flag.takesValue)
      return [{ kind: 'incomplete flag', flag, shown: name }];
    return [{ kind: 'flag', flag, value }];
  }
  const tokens: CommandLineToken<F>[] = [];
  for (let at = 1; at < arg.length; at += 1) {
    const letter = arg[at] ?? '';
    const shown = `'${letter}' in ${arg}`;
    const flag = flags.find(({ alias }) => alias === letter);
    if (!flag) return [...tokens, { kind: 'unknown flag', shown, short: true }];
    const rest = arg.slice(at + 1);
    if (rest.startsWith('=')) return [...tokens, { kind: 'flag', flag, value: rest.slice(1) }];
    if (flag.takesValue)
      return [
        ...tokens,
        rest === ''
          ? { kind: 'incomplete flag', flag, shown }
          : { kind: 'flag', flag, value: rest },
      ];
    tokens.push({ kind: 'flag', flag, value: undefined });
  }
  return tokens;
}

function splitAtEquals(arg: string): [name: string, value?: string] {
  const equals = arg.indexOf('=');
  return equals < 0 ? [arg] : [arg.slice(0, equals), arg.slice(equals + 1)];
}
