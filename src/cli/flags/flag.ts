/** Where shell completion finds the values of a flag or an argument, besides a fixed list. */
export type CompletionSource =
  | 'captures'
  | 'clusters'
  | 'containers'
  | 'contexts'
  | 'files'
  | 'interfaces'
  | 'namespaces'
  | 'targets'
  | 'users'
  | 'volumes';

/** A type of value: its name in help, its parser, and its completion. */
export interface ValueType<T> {
  /** The name of the value in help: `FILE` in `--write=FILE`. */
  readonly placeholder: string;
  /** Throws a Problem whose message completes `invalid argument "x" for "--flag" flag: …`. */
  parse(text: string): T;
  /** All allowed values, if there is a fixed list. */
  readonly choices?: readonly string[];
  readonly complete?: CompletionSource;
}

interface DescribedFlag {
  /** One letter, without the dash. */
  readonly alias?: string;
  /** A sentence in the imperative mood, without a full stop at the end. */
  readonly help: string;
}

/** A flag without a value. */
export interface Switch extends DescribedFlag {
  readonly value?: undefined;
}

/** A flag with a value. */
export interface ValueFlag<T> extends DescribedFlag {
  readonly value: ValueType<T>;
  /** The value that is parsed if the flag is not given. Help shows it. */
  readonly default?: string;
  /** The value that is parsed for `--flag` alone. Another value must then be in the same word, as in `--flag=value`. */
  readonly bare?: string;
  /** Every occurrence adds a value. For other flags, the last one wins. */
  readonly repeatable?: true;
}

export type Flag = Switch | ValueFlag<unknown>;

/** Flags by their long names, without dashes, in the order of the help. */
export type FlagTable = Readonly<Record<string, Flag>>;

/** Flags under one heading of the help. */
export interface FlagGroup {
  /** Without the colon: `Debugger options`. */
  readonly title: string;
  readonly flags: FlagTable;
}

type ValueOf<F> =
  F extends ValueFlag<infer T>
    ? F extends { readonly repeatable: true }
      ? readonly T[]
      : F extends { readonly default: string }
        ? T
        : T | undefined
    : boolean;

/** The parser's result for a table: a switch is false, and a value undefined, if the flag is not given. */
export type FlagValues<T extends FlagTable> = { readonly [name in keyof T]: ValueOf<T[name]> };

type Intersection<U> = (U extends unknown ? (value: U) => void : never) extends (
  all: infer I,
) => void
  ? I
  : never;

/** The parser's result for several groups together. */
export type GroupValues<G extends readonly FlagGroup[]> = Intersection<
  { [index in keyof G]: FlagValues<G[index]['flags']> }[number]
>;
