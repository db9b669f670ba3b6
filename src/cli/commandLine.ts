import yargs, { type Argv } from 'yargs';
import { versionText } from '../version.ts';
import { helpText, helpWidth } from './helpText.ts';
import { joinRepeated, lastOfEach } from './repeatedFlags.ts';
import { report } from './report.ts';
import { PROGRAM_NAME, usageProblem } from './usageProblem.ts';

/** One command: its flags and what it does. Loaded only when it is the one that was called. */
export interface Command<Flags> {
  options(parser: Argv): Argv<Flags>;
  /** Gives the exit code; throws a Problem for what the user should know. */
  run(flags: Flags): Promise<number>;
}

/** Parses the arguments and runs the command they name. Gives the exit code. */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  let exitCode = 0;
  const parser = commandParser(helpWidth(process.stdout), args, (code) => {
    exitCode = code;
  });
  try {
    // With a callback, what yargs would print (help) comes here instead.
    await parser.parseAsync(
      args.length === 0 ? ['--help'] : joinRepeated(args),
      {},
      (_error, _flags, text) => {
        if (text) process.stdout.write(helpText(text));
      },
    );
    return exitCode;
  } catch (error) {
    return report(isParsingError(error) ? usageProblem(error.message, args) : error);
  }
}

/** What yargs throws about arguments, rather than passing it to `fail`. */
function isParsingError(error: unknown): error is Error {
  return error instanceof Error && error.name === 'YError';
}

/** The help of the program as a whole, in lines of so many characters. */
export async function programHelp(width: number): Promise<string> {
  return helpText(await commandParser(width).getHelp());
}

/** The parser of everything, with the commands that load when they are called. */
export function commandParser(
  width: number,
  args: readonly string[] = [],
  onExitCode: (code: number) => void = () => {},
): Argv {
  const lazy = <Flags>(load: () => Promise<Command<Flags>>) => ({
    // yargs awaits a builder that gives a promise, but its types say so only of the handler.
    builder: (async (parser: Argv) => (await load()).options(parser)) as unknown as (
      parser: Argv,
    ) => Argv<Flags>,
    handler: async (flags: unknown) => {
      onExitCode(await (await load()).run(lastOfEach(flags as Flags & object)));
    },
  });
  const capture = lazy(async () => (await import('./captureCommand.ts')).captureCommand);
  const captures = lazy(async () => (await import('./capturesCommand.ts')).capturesCommand);
  const ports = lazy(async () => (await import('./portsCommand.ts')).portsCommand);
  const shell = lazy(async () => (await import('./shellCommand.ts')).shellCommand);
  const doctor = lazy(async () => (await import('./doctorCommand.ts')).doctorCommand);
  const netns = lazy(async () => (await import('./netnsCommand.ts')).netnsCommand);
  const presets = lazy(async () => (await import('./presetsCommand.ts')).presetsCommand);
  const filters = lazy(async () => (await import('./filtersCommand.ts')).filtersCommand);
  const ps = lazy(async () => (await import('./psCommand.ts')).psCommand);
  const cleanup = lazy(async () => (await import('./cleanupCommand.ts')).cleanupCommand);
  const completion = lazy(async () => (await import('./completionCommand.ts')).completionCommand);
  const extcap = lazy(async () => (await import('./extcapCommand.ts')).extcapCommand);
  const version = lazy(async () => (await import('./versionCommand.ts')).versionCommand);

  return yargs()
    .scriptName(PROGRAM_NAME)
    .usage("Debug a pod's network from your laptop.\n\nUsage: $0 COMMAND TARGET [flags]")
    .command(
      'capture [targets..]',
      'Capture the packets of pods: read them here, in a file, or in Wireshark',
      capture.builder,
      capture.handler,
    )
    .command(
      'captures [action] [names..]',
      'List, follow, fetch, stop and remove captures that go on by themselves',
      captures.builder,
      captures.handler,
    )
    .command(
      'ports [targets..]',
      'Show the sockets of pods, as netstat -ant would',
      ports.builder,
      ports.handler,
    )
    .command(
      'shell <target>',
      'Open a shell, or run a command, in the network of a pod',
      shell.builder,
      shell.handler,
    )
    .command(
      'filters [expression..]',
      'Explain, correct and build capture and display filters',
      filters.builder,
      filters.handler,
    )
    .command(
      'netns [target]',
      'List the network namespaces of nodes, with the pods they belong to',
      netns.builder,
      netns.handler,
    )
    .command(
      'presets [names..]',
      'List the presets of capture --preset',
      presets.builder,
      presets.handler,
    )
    .command(
      'doctor [target]',
      'Say what works and what does not, and what to do about it',
      doctor.builder,
      doctor.handler,
    )
    .command('ps', 'Show everything of ours in the cluster', ps.builder, ps.handler)
    .command('cleanup', 'End and remove what is ours', cleanup.builder, cleanup.handler)
    .command(
      'completion [what]',
      'Complete commands, flags, pods and captures in your shell and in kubectl',
      completion.builder,
      completion.handler,
    )
    .command(
      'extcap <action>',
      "Show pods in Wireshark's own list of interfaces",
      extcap.builder,
      extcap.handler,
    )
    .command('version', 'Show the version of this program', version.builder, version.handler)
    .command('options', 'List the flags that every command takes', {}, async () => {
      process.stdout.write((await import('./optionsCommand.ts')).optionsText());
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
    })
    .wrap(width)
    .exitProcess(false)
    .showHelpOnFail(false)
    .fail((message, error) => {
      throw error ?? usageProblem(message, args);
    });
}
