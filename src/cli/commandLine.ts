import { Problem } from '../problem.ts';
import { startTrace } from '../timing.ts';
import { versionText } from '../version.ts';
import type { Command } from './command.ts';
import { COMMANDS } from './commandList.ts';
import { notify } from './console.ts';
import { COMMON_FLAGS } from './flags/common.ts';
import type { FlagTable } from './flags/flag.ts';
import { commandHelp, programHelp } from './help.ts';
import { helpWidth } from './helpWidth.ts';
import { namedFlags, type ParsedArgs, parseFlags } from './parseFlags.ts';
import { reportError } from './reportError.ts';
import { tokenize } from './tokens.ts';
import { checkArguments, unknownCommand, usageError } from './usageErrors.ts';

/** Flags that every command accepts. */
const GLOBAL_FLAGS = {
  ...COMMON_FLAGS,
  help: { alias: 'h', help: 'Show help' },
} as const satisfies FlagTable;

/** Flags that are accepted without a command. */
export const PROGRAM_FLAGS = {
  ...GLOBAL_FLAGS,
  version: { help: 'Print the version of this program' },
} as const satisfies FlagTable;

/** Parses the arguments and runs the named command. Returns the exit code. */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  try {
    return await runArgs(args[0] === 'help' ? [...args.slice(1), '--help'] : args);
  } catch (error) {
    const { explainRefusal } = await import('../debugger/refusals.ts');
    return reportError(explainRefusal(error));
  }
}

async function runArgs(args: readonly string[]): Promise<number> {
  const commandToken = tokenize(namedFlags(PROGRAM_FLAGS), args).find(
    ({ kind }) => kind === 'argument',
  );
  if (commandToken?.kind !== 'argument') return runWithoutCommand(args);
  const { text: name, index } = commandToken;
  // An error before the command refers to the program, whose help explains it.
  parse(PROGRAM_FLAGS, args.slice(0, index));
  const entry = COMMANDS.find((command) => command.name === name);
  if (!entry)
    throw unknownCommand(
      name,
      COMMANDS.map((command) => command.name),
    );
  // The first use of `performance` loads code for a millisecond.
  const loadStart = process.uptime() * 1000;
  const command = await entry.load();
  const commandArgs = args.toSpliced(index, 1);
  const table = commandFlags(command);
  if (hasHelpFlag(table, commandArgs)) {
    process.stdout.write(commandHelp(name, command, helpWidth(process.stdout)));
    return 0;
  }
  const parsed = parse(table, commandArgs, name);
  checkArguments(name, command, parsed);
  const { 'trace-timing': traceFile } = parsed.flags;
  if (typeof traceFile === 'string')
    startTrace(traceFile, loadStart, ({ message }) =>
      notify({ kind: 'trace-lost', text: `note: ${message}; the trace is incomplete` }),
    );
  return command.run(parsed as Parameters<Command['run']>[0]);
}

function runWithoutCommand(args: readonly string[]): number {
  if (args.length === 0 || hasHelpFlag(PROGRAM_FLAGS, args))
    process.stdout.write(programHelp(helpWidth(process.stdout)));
  else if (parse(PROGRAM_FLAGS, args).flags.version) process.stdout.write(`${versionText()}\n`);
  else throw usageError('a command is required', undefined);
  return 0;
}

/** All flags that a command accepts. */
export function commandFlags(command: Command): FlagTable {
  return Object.assign({}, ...command.flags.map(({ flags }) => flags), GLOBAL_FLAGS);
}

/** Whether --help is among the words, even if the others are invalid. */
function hasHelpFlag(table: FlagTable, args: readonly string[]): boolean {
  return tokenize(namedFlags(table), args).some(
    (word) => word.kind === 'flag' && word.flag.name === 'help',
  );
}

/** Parses the words. Usage errors refer to the help of the command. */
function parse(table: FlagTable, args: readonly string[], command?: string): ParsedArgs {
  try {
    return parseFlags(table, args);
  } catch (error) {
    throw error instanceof Problem ? usageError(error.message, command, error.next) : error;
  }
}
