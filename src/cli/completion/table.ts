import type { CompletionSource } from '../flags/flag.ts';
import type { NamedFlag } from '../words.ts';

/** What completion knows of the command line; the build makes it from the commands' declarations. */
export interface CompletionTable {
  /** The flags that can stand before a command. */
  readonly flags: readonly FlagEntry[];
  readonly commands: readonly CommandCompletion[];
}

export interface CommandCompletion {
  readonly name: string;
  readonly describe: string;
  readonly arguments: readonly ArgumentEntry[];
  /** All that the command takes. */
  readonly flags: readonly FlagEntry[];
}

/** What can be offered for a value or an argument. */
interface Completed {
  /** The allowed values, where there is a fixed list. */
  readonly choices?: readonly string[];
  readonly complete?: CompletionSource;
}

export interface ArgumentEntry extends Completed {
  /** It and everything after it. */
  readonly variadic: boolean;
}

export interface FlagEntry extends NamedFlag, Completed {
  readonly describe: string;
  readonly repeatable: boolean;
}
