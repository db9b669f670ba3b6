import type { Argument } from '../../src/cli/command.ts';
import { commandFlags, PROGRAM_FLAGS } from '../../src/cli/commandLine.ts';
import { COMMANDS } from '../../src/cli/commandList.ts';
import type { ArgumentEntry, CompletionTable, FlagEntry } from '../../src/cli/completion/table.ts';
import type { Flag, FlagTable } from '../../src/cli/flags/flag.ts';

/** What completion needs to know about each command, without the rest of its declaration. */
export async function makeCompletionTable(): Promise<CompletionTable> {
  const commands = COMMANDS.map(async ({ name, summary, load }) => {
    const command = await load();
    return {
      name,
      description: summary,
      arguments: (command.arguments ?? []).map(argumentEntry),
      flags: flagEntries(commandFlags(command)),
    };
  });
  return { flags: flagEntries(PROGRAM_FLAGS), commands: await Promise.all(commands) };
}

function argumentEntry({ variadic = false, choices, complete }: Argument): ArgumentEntry {
  return { variadic, ...(choices && { choices }), ...(complete && { complete }) };
}

function flagEntries(table: FlagTable): FlagEntry[] {
  return Object.entries(table).map(([name, flag]) => flagEntry(name, flag));
}

function flagEntry(name: string, flag: Flag): FlagEntry {
  const { alias, help, value } = flag;
  return {
    name,
    ...(alias !== undefined && { alias }),
    description: help,
    takesValue: flag.value !== undefined && flag.bare === undefined,
    repeatable: flag.value !== undefined && flag.repeatable === true,
    ...(value?.choices && { choices: value.choices }),
    ...(value?.complete && { complete: value.complete }),
  };
}
