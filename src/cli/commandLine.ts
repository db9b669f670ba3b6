import { Problem } from '../problem.ts';
import { traceTo } from '../timing.ts';
import { versionText } from '../version.ts';
import type { Command } from './command.ts';
import { COMMANDS } from './commandList.ts';
import { COMMON_FLAGS } from './flags/common.ts';
import type { FlagTable } from './flags/flag.ts';
import { commandHelp, programHelp } from './help.ts';
import { helpWidth } from './helpWidth.ts';
import { namedFlags, type ParsedWords, parseFlags } from './parseFlags.ts';
import { report } from './report.ts';
import { checkArguments, unknownCommand, usageError } from './usageErrors.ts';
import { readWords } from './words.ts';

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
    return await run(args[0] === 'help' ? [...args.slice(1), '--help'] : args);
  } catch (error) {
    const { explainRefusal } = await import('../debugger/refusals.ts');
    return report(explainRefusal(error));
  }
}

async function run(words: readonly string[]): Promise<number> {
  const found = readWords(namedFlags(PROGRAM_FLAGS), words).find(({ kind }) => kind === 'argument');
  if (found?.kind !== 'argument') return runWithoutCommand(words);
  const { text: name, index } = found;
  // An error before the command refers to the program, whose help explains it.
  parse(PROGRAM_FLAGS, words.slice(0, index));
  const entry = COMMANDS.find((one) => one.name === name);
  if (!entry)
    throw unknownCommand(
      name,
      COMMANDS.map((one) => one.name),
    );
  // The first use of `performance` loads code for a millisecond.
  const loading = process.uptime() * 1000;
  const command = await entry.load();
  const own = words.toSpliced(index, 1);
  const table = flagsOf(command);
  if (asksForHelp(table, own)) {
    process.stdout.write(commandHelp(name, command, helpWidth(process.stdout)));
    return 0;
  }
  const parsed = parse(table, own, name);
  checkArguments(name, command, parsed);
  const { 'trace-timing': traceFile } = parsed.flags;
  if (typeof traceFile === 'string') traceTo(traceFile, loading);
  return command.run(parsed as Parameters<Command['run']>[0]);
}

function runWithoutCommand(words: readonly string[]): number {
  if (words.length === 0 || asksForHelp(PROGRAM_FLAGS, words))
    process.stdout.write(programHelp(helpWidth(process.stdout)));
  else if (parse(PROGRAM_FLAGS, words).flags.version) process.stdout.write(`${versionText()}\n`);
  else throw usageError('a command is required', undefined);
  return 0;
}

/** All flags that a command accepts. */
export function flagsOf(command: Command): FlagTable {
  return Object.assign({}, ...command.flags.map(({ flags }) => flags), GLOBAL_FLAGS);
}

/** Whether --help is among the words, even if the others are invalid. */
function asksForHelp(table: FlagTable, words: readonly string[]): boolean {
  return readWords(namedFlags(table), words).some(
    (word) => word.kind === 'flag' && word.flag.name === 'help',
  );
}

/** Parses the words. Usage errors refer to the help of the command. */
function parse(table: FlagTable, words: readonly string[], command?: string): ParsedWords {
  try {
    return parseFlags(table, words);
  } catch (error) {
    throw error instanceof Problem ? usageError(error.message, command, error.next) : error;
  }
}
