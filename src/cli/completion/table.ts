import type { CompletionSource } from '../flags/flag.ts';
import type { NamedFlag } from '../tokens.ts';

/** What completion knows about the command line. The build creates it from the declarations of the commands. */
export interface CompletionTable {
  /** The flags that may precede a command. */
  readonly flags: readonly FlagEntry[];
  readonly commands: readonly CommandCompletion[];
}

export interface CommandCompletion {
  readonly name: string;
  readonly description: string;
  readonly arguments: readonly ArgumentEntry[];
  /** All flags that the command accepts. */
  readonly flags: readonly FlagEntry[];
}

/** The candidates for a value or an argument. */
interface Completable {
  /** The allowed values, if there is a fixed list. */
  readonly choices?: readonly string[];
  readonly complete?: CompletionSource;
}

export interface ArgumentEntry extends Completable {
  /** The argument may be repeated. */
  readonly variadic: boolean;
}

export interface FlagEntry extends NamedFlag, Completable {
  readonly description: string;
  readonly repeatable: boolean;
}
