import type { CommandCompletion, CompletionTable } from './table.ts';

type CommandParts = Pick<CommandCompletion, 'arguments' | 'flags'>;

/**
 * A table as text, one line of JSON each: the program's flags with the names of its commands, and then the rest of each
 * command. A completion needs only one command, and parsing all of them takes a millisecond.
 */
export function writeTable({ flags, commands }: CompletionTable): string {
  const names = commands.map(({ name, description }) => ({ name, description }));
  const rest = commands.map((command): CommandParts => {
    const { arguments: declared, flags } = command;
    return { arguments: declared, flags };
  });
  return [{ flags, commands: names }, ...rest].map((line) => JSON.stringify(line)).join('\n');
}

/** Reads what `writeTable` wrote. A command is parsed when it is used. */
export function readTable(text: string): CompletionTable {
  const [program = '', ...rest] = text.split('\n');
  const { flags, commands } = JSON.parse(program) as Pick<CompletionTable, 'flags'> & {
    readonly commands: readonly Pick<CommandCompletion, 'name' | 'description'>[];
  };
  return {
    flags,
    commands: commands.map(
      ({ name, description }, index) => new UnparsedCommand(name, description, rest[index] ?? ''),
    ),
  };
}

class UnparsedCommand implements CommandCompletion {
  readonly name: string;
  readonly description: string;
  readonly #text: string;
  #parts: CommandParts | undefined;

  constructor(name: string, description: string, text: string) {
    this.name = name;
    this.description = description;
    this.#text = text;
  }

  get arguments(): CommandCompletion['arguments'] {
    return this.#parse().arguments;
  }

  get flags(): CommandCompletion['flags'] {
    return this.#parse().flags;
  }

  #parse(): CommandParts {
    this.#parts ??= JSON.parse(this.#text) as CommandParts;
    return this.#parts;
  }
}
