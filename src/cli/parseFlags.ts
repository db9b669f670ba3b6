import { Parser } from 'yargs/helpers';
import { Problem, wrongUsage } from '../problem.ts';
import type { Flag, FlagTable, ValueFlag } from './flags/flag.ts';
import { type CommandLineToken, type NamedFlag, tokenize } from './tokens.ts';

type TableFlag = NamedFlag & { readonly spec: Flag };

export interface ParsedArgs {
  /** By long name: false for a switch that was not given, undefined for a value. */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly args: readonly string[];
  /** The words after `--`. Undefined without it. */
  readonly rest: readonly string[] | undefined;
}

/** Converts a table of flags to the input of `tokenize`. */
export function namedFlags(table: FlagTable): TableFlag[] {
  return Object.entries(table).map(([name, spec]) => ({
    name,
    spec,
    takesValue: spec.value !== undefined && spec.bare === undefined,
    ...(spec.alias !== undefined && { alias: spec.alias }),
  }));
}

/**
 * Reads the words of a command. Throws a Problem with kubectl's wording.
 *
 * yargs' parser assembles and converts the values. Every flag is passed as `--name=value`, the only form for which it
 * agrees with kubectl's parser: it reads `-ieth0` as five flags and `--force=maybe` as false, and its error for a
 * missing value does not name the flag as it was typed.
 */
export function parseFlags(table: FlagTable, args: readonly string[]): ParsedArgs {
  const flags = namedFlags(table);
  const flagNames = (predicate: (flag: TableFlag) => boolean) =>
    flags.filter(predicate).map(({ name }) => name);
  const tokens = tokenize(flags, args);
  const last = tokens.at(-1);
  const { argv, error } = Parser.detailed(tokens.flatMap(canonicalArgs), {
    boolean: flagNames(({ spec }) => !spec.value),
    string: flagNames(({ spec }) => spec.value !== undefined),
    default: Object.fromEntries(flags.flatMap(defaultOf)),
    coerce: Object.fromEntries(
      flags.flatMap(({ name, spec }) => (spec.value ? [[name, converter(name, spec)]] : [])),
    ),
    configuration: {
      'boolean-negation': false,
      'camel-case-expansion': false,
      'dot-notation': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
    },
  });
  if (error) throw error;
  const { _: positionals, ...values } = argv;
  return {
    flags: values,
    args: positionals.map(String),
    rest: last?.kind === 'rest' ? last.args : undefined,
  };
}

/** The flag's name and default value. Empty if the default is undefined. */
function defaultOf({ name, spec }: TableFlag): (readonly [string, unknown])[] {
  if (!spec.value) return [[name, false]];
  if (spec.repeatable) return [[name, []]];
  return spec.default === undefined ? [] : [[name, spec.default]];
}

/**
 * Converts a word to a form that yargs can read in only one way. Throws a Problem if a flag does not exist or has no
 * value.
 */
function canonicalArgs(token: CommandLineToken<TableFlag>): string[] {
  switch (token.kind) {
    case 'argument':
      return [token.text];
    case 'rest':
      return [];
    case 'unknown flag':
      throw wrongUsage(`unknown ${token.short ? 'shorthand ' : ''}flag: ${token.shown}`);
    case 'incomplete flag':
      throw wrongUsage(`flag needs an argument: ${token.shown}`);
    case 'flag': {
      const { flag, value } = token;
      if (flag.spec.value) return [`--${flag.name}=${value ?? flag.spec.bare}`];
      return [`--${flag.name}=${value === undefined ? true : switchValue(flag, value)}`];
    }
  }
}

/** The words that Go's ParseBool accepts. */
const TRUE_VALUES: readonly string[] = ['1', 't', 'T', 'TRUE', 'true', 'True'];
const FALSE_VALUES: readonly string[] = ['0', 'f', 'F', 'FALSE', 'false', 'False'];

function switchValue({ name, spec }: TableFlag, value: string): boolean {
  if (TRUE_VALUES.includes(value)) return true;
  if (FALSE_VALUES.includes(value)) return false;
  throw invalidValue(name, spec, value, wrongUsage('must be true or false'));
}

/** yargs calls the result with the text of a flag, or with a list if the flag was given several times. */
function converter(name: string, spec: ValueFlag<unknown>) {
  const convert = (text: string): unknown => {
    try {
      return spec.value.parse(text);
    } catch (error) {
      throw error instanceof Problem ? invalidValue(name, spec, text, error) : error;
    }
  };
  return (text: string | readonly string[]) => {
    const values = [text].flat().map(convert);
    return spec.repeatable ? values : values.at(-1);
  };
}

function invalidValue(name: string, { alias }: Flag, value: string, { message, next }: Problem) {
  const flag = alias === undefined ? `--${name}` : `-${alias}, --${name}`;
  return wrongUsage(`invalid argument "${value}" for "${flag}" flag: ${message}`, ...next);
}
