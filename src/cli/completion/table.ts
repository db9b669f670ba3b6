/** What completion knows of the command line; the build makes it from the code of the commands. */
export type CompletionTable = readonly CommandEntry[];

export interface CommandEntry {
  readonly name: string;
  readonly describe: string;
  readonly positionals: readonly PositionalEntry[];
  readonly flags: readonly FlagEntry[];
}

export interface PositionalEntry {
  readonly name: string;
  /** It and everything after it. */
  readonly variadic: boolean;
  /** The words that its usage names, where it names them. */
  readonly values?: readonly string[];
}

export interface FlagEntry {
  /** The long name, without dashes. */
  readonly name: string;
  /** One letter, without its dash. */
  readonly alias?: string;
  readonly describe: string;
  readonly takesValue: boolean;
  /** The values that its description names, where it names them. */
  readonly values?: readonly string[];
}
