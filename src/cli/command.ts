import type { ConnectionValues } from './flags/connection.ts';
import type { CompletionSource, FlagGroup, GroupValues } from './flags/flag.ts';

/** An argument of a command that is not a flag. */
export interface Argument {
  /** Its name in the usage line: `TARGET`. */
  readonly name: string;
  readonly required?: boolean;
  /** The argument may be repeated. Only the last argument of a command can be variadic. */
  readonly variadic?: boolean;
  /** All allowed values, if there is a fixed list. */
  readonly choices?: readonly string[];
  readonly complete?: CompletionSource;
}

/** A command line in the help, without the program's name, and a description. */
export type Example = readonly [command: string, what: string];

/** The input of a command. Everything is already validated. */
export interface Invocation<Flags> {
  readonly flags: Flags & ConnectionValues;
  readonly args: readonly string[];
  /** The words after `--`. Undefined without it. */
  readonly rest: readonly string[] | undefined;
}

/** What help, completion and documentation show for a command, and what the parser accepts. */
interface CommandDeclaration {
  /** The first paragraphs of its help, separated by empty lines. */
  readonly description: string;
  readonly examples?: readonly Example[];
  readonly arguments?: readonly Argument[];
  /** The name in the usage line for the words after `--`: `EXPRESSION`. */
  readonly rest?: string;
}

/** A command. It is loaded when it is called. The connection flags belong to every command. */
export interface Command extends CommandDeclaration {
  readonly flags: readonly FlagGroup[];
  /** Returns the exit code. Throws a Problem for errors that the user should see. */
  run(invocation: Invocation<Readonly<Record<string, unknown>>>): Promise<number>;
}

/** Declares a command. The flags that its `run` receives have the types of their tables. */
export function command<const G extends readonly FlagGroup[]>(
  declaration: CommandDeclaration & {
    readonly flags: G;
    run(invocation: Invocation<GroupValues<G>>): Promise<number>;
  },
): Command {
  return declaration as Command;
}
