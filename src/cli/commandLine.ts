import yargs, { type Argv } from 'yargs';
import { Problem } from '../problem.ts';
import { versionText } from '../version.ts';
import { report } from './report.ts';

/** One command: its flags and what it does. Loaded only when it is the one that was called. */
export interface Command<Flags> {
  options(parser: Argv): Argv<Flags>;
  /** Gives the exit code; throws a Problem for what the user should know. */
  run(flags: Flags): Promise<number>;
}

const NAME = 'kubectl netdebug';

/** Parses the arguments and runs the command they name. Gives the exit code. */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  let exitCode = 0;
  const lazy = <Flags>(load: () => Promise<Command<Flags>>) => ({
    // yargs awaits a builder that gives a promise, but its types say so only of the handler.
    builder: (async (parser: Argv) => (await load()).options(parser)) as unknown as (
      parser: Argv,
    ) => Argv<Flags>,
    handler: async (flags: unknown) => {
      exitCode = await (await load()).run(flags as Flags);
    },
  });
  const capture = lazy(async () => (await import('./captureCommand.ts')).captureCommand);
  const ports = lazy(async () => (await import('./portsCommand.ts')).portsCommand);

  const parser = yargs([...args])
    .scriptName(NAME)
    .usage("Debug a pod's network from your laptop.\n\nUsage: $0 COMMAND TARGET [flags]")
    .command(
      'capture <target>',
      'Capture the packets of a pod: read them here, in a file, or in Wireshark',
      capture.builder,
      capture.handler,
    )
    .command(
      'ports <target>',
      'Show the sockets of a pod, as netstat -ant would',
      ports.builder,
      ports.handler,
    )
    .command('version', 'Show the version of this program', {}, () => {
      process.stdout.write(`${versionText()}\n`);
    })
    .demandCommand(1, 'name a command')
    .locale('en')
    .version(versionText())
    .help()
    .alias('h', 'help')
    .hide('version')
    .strict()
    .parserConfiguration({
      'populate--': true,
      'boolean-negation': false,
      'camel-case-expansion': true,
      'parse-positional-numbers': false,
      'duplicate-arguments-array': true,
    })
    .wrap(process.stdout.isTTY ? Math.min(100, process.stdout.columns) : 80)
    .exitProcess(false)
    .showHelpOnFail(false)
    .fail((message, error) => {
      throw error ?? usageProblem(message, args);
    });
  try {
    await parser.parseAsync();
    return exitCode;
  } catch (error) {
    return report(error);
  }
}

/** yargs' complaints in kubectl's words. */
function usageProblem(message: string, args: readonly string[]): Problem {
  const command = args.find((word) => !word.startsWith('-'));
  const next = [`See '${NAME}${isCommand(command) ? ` ${command}` : ''} --help' for usage.`];
  const unknown = /^Unknown (?:argument|command)s?: (.*)$/.exec(message)?.[1]?.split(', ') ?? [];
  const flag = unknown.find((name) =>
    args.some((word) => word.replace(/=.*/, '') === `${name.length === 1 ? '-' : '--'}${name}`),
  );
  if (flag !== undefined)
    return new Problem(`unknown flag: ${flag.length === 1 ? '-' : '--'}${flag}`, {
      exitCode: 2,
      next,
    });
  if (unknown.length > 0 && isCommand(command))
    return new Problem(`unexpected argument: ${unknown.join(' ')}`, {
      exitCode: 2,
      next: ['a filter expression comes after --, as in: capture pod-1 -- port 80', ...next],
    });
  if (unknown.length > 0)
    return new Problem(`unknown command: ${unknown[0]}`, { exitCode: 2, next });
  const text = message.startsWith('Not enough non-option arguments')
    ? 'name a target, such as a pod'
    : message;
  return new Problem(text.charAt(0).toLowerCase() + text.slice(1), { exitCode: 2, next });
}

function isCommand(word: string | undefined): word is string {
  return word === 'capture' || word === 'ports' || word === 'version';
}
