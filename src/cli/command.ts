import type { ConnectionValues } from './flags/connection.ts';
import type { CompletionSource, FlagGroup, GroupValues } from './flags/flag.ts';

/** A word that a command takes, besides flags. */
export interface Argument {
  /** As the usage names it: `TARGET`. */
  readonly name: string;
  readonly required?: boolean;
  /** It may be repeated; only the last argument of a command can. */
  readonly variadic?: boolean;
  /** Every allowed word, where there is a fixed list. */
  readonly choices?: readonly string[];
  readonly complete?: CompletionSource;
}

/** A command line in the help, without the program's name, and what it does. */
export type Example = readonly [command: string, what: string];

/** What a command is given: everything is checked already. */
export interface Invocation<Flags> {
  readonly flags: Flags & ConnectionValues;
  readonly args: readonly string[];
  /** The words after `--`; undefined without it. */
  readonly rest: readonly string[] | undefined;
}

/** What help, completion and documentation say of a command, and what the parser accepts. */
interface Declaration {
  /** The first paragraph of its help. Paragraphs are separated by an empty line. */
  readonly description: string;
  readonly examples?: readonly Example[];
  readonly arguments?: readonly Argument[];
  /** What may stand after `--`, as the usage names it: `EXPRESSION`. */
  readonly rest?: string;
}

/** A command; it is loaded when it is called. The connection flags belong to every command. */
export interface Command extends Declaration {
  readonly flags: readonly FlagGroup[];
  /** Gives the exit code; throws a Problem for what the user should know. */
  run(invocation: Invocation<Readonly<Record<string, unknown>>>): Promise<number>;
}

/** Declares a command; the flags that its `run` is given have the types of their tables. */
export function command<const G extends readonly FlagGroup[]>(
  declaration: Declaration & {
    readonly flags: G;
    run(invocation: Invocation<GroupValues<G>>): Promise<number>;
  },
): Command {
  return declaration as Command;
}
