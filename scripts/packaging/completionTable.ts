import type { Argv } from 'yargs';
import { commandParser } from '../../src/cli/commandLine.ts';
import type {
  CommandEntry,
  CompletionTable,
  FlagEntry,
  PositionalEntry,
} from '../../src/cli/completion/table.ts';

/** The part of yargs' description of an option that completion needs. */
interface Option {
  readonly alias?: string | readonly string[];
  readonly type?: string;
  readonly describe?: string;
}

/** What yargs 18 knows of a command; it has no public way to be asked. */
interface Handler {
  readonly description: string | false;
  readonly builder?: unknown;
  readonly demanded: readonly Positional[];
  readonly optional: readonly Positional[];
}
interface Positional {
  readonly cmd: readonly string[];
  readonly variadic: boolean;
}
interface Internals {
  getInternalMethods(): {
    getCommandInstance(): { getCommandHandlers(): Readonly<Record<string, Handler>> };
  };
}

/** Asks every command for its flags, as yargs does before it parses. */
export async function makeCompletionTable(): Promise<CompletionTable> {
  const internals = commandParser(80) as unknown as Internals;
  const handlers = internals.getInternalMethods().getCommandInstance().getCommandHandlers();
  const table: CommandEntry[] = [];
  for (const [name, handler] of Object.entries(handlers)) {
    const { description, builder, demanded, optional } = handler;
    if (description === false) continue;
    const { options, usage } = await declared(builder);
    table.push({
      name,
      describe: description,
      positionals: positionals([...demanded, ...optional], usage),
      flags: [
        ...[...options].map(([flag, option]) => flagEntry(flag, option)),
        { name: 'help', alias: 'h', describe: 'Show help', takesValue: false },
      ],
    });
  }
  return table;
}

/** Lets a command declare its flags to something that only writes them down. */
async function declared(builder: unknown) {
  const options = new Map<string, Option>();
  let usage = '';
  const parser: object = new Proxy(
    {},
    {
      get: (_target, method) => {
        // `await` asks whether it is a promise.
        if (method === 'then') return undefined;
        return (first: unknown, second?: Option) => {
          if (method === 'usage') usage = String(first);
          if (method === 'option' && typeof first === 'string') options.set(first, second ?? {});
          if (method === 'options')
            for (const [name, option] of Object.entries({ ...(first as object) }))
              options.set(name, option as Option);
          return parser;
        };
      },
    },
  );
  if (typeof builder === 'function') await (builder as (parser: Argv) => unknown)(parser as Argv);
  return { options, usage };
}

function flagEntry(name: string, { alias, type, describe = '' }: Option): FlagEntry {
  const letter = [alias ?? []].flat().find((other) => other.length === 1);
  const values = type === 'boolean' ? undefined : valuesIn(describe);
  return {
    name,
    ...(letter !== undefined && { alias: letter }),
    describe: describe.replace(/ {2,}.*/, '').replace(/\. .*/, ''),
    takesValue: type !== 'boolean',
    ...(values && { values }),
  };
}

/** A description that begins with the values there are, as in `wide, json, yaml or name`. */
function valuesIn(describe: string): string[] | undefined {
  const list = /^((?:[\w-]+, )*[\w-]+ or [\w-]+)(?=$|:| {2}\[)/.exec(describe)?.[1];
  return list?.split(/, | or /);
}

/** The arguments of a command; the first has the words that the usage names, as in `[list | rm]`. */
function positionals(arguments_: readonly Positional[], usage: string): PositionalEntry[] {
  const values = /[[ ](\w+(?: \| \w+)+)/.exec(usage)?.[1]?.split(' | ');
  return arguments_.map(({ cmd: [name = ''], variadic }, index) => ({
    name,
    variadic,
    ...(index === 0 && values && { values }),
  }));
}
