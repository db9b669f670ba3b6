import { homedir } from 'node:os';
import type { Argv } from 'yargs';
import { print } from '../output/standardOutput.ts';
import { wrongUsage } from '../problem.ts';
import type { Command } from './commandLine.ts';
import { installCompletion } from './completion/install.ts';
import { type Host, shellOf } from './completion/places.ts';
import { SCRIPTS, SHELLS, type Shell } from './completion/scripts.ts';
import { examples } from './examples.ts';
import { parseChoice } from './values.ts';

interface Flags {
  readonly what?: string | undefined;
  readonly shell?: string | undefined;
}

function options(parser: Argv): Argv<Flags> {
  return parser
    .usage('Usage: $0 completion [bash | zsh | fish | powershell | install]')
    .positional('what', { type: 'string', describe: 'The shell whose script is printed; install' })
    .option('shell', {
      type: 'string',
      requiresArg: true,
      describe: 'bash, zsh, fish or powershell: the shell that install is for  [yours]',
    })
    .epilogue(
      examples([
        ['completion install', 'for your shell, and for kubectl'],
        ['completion install --shell zsh', 'for another shell'],
        ['completion bash', 'print the script, to put it where you like'],
      ]),
    );
}

async function run({ what, shell }: Flags): Promise<number> {
  const choice = parseChoice('completion', what ?? '', [...SHELLS, 'install'] as const);
  if (choice !== 'install') {
    if (shell !== undefined) throw wrongUsage('--shell goes with: completion install');
    await print([SCRIPTS[choice]]);
    return 0;
  }
  const host = { platform: process.platform, env: process.env, home: homedir() };
  const lines = installCompletion(chosenShell(shell, host), host);
  process.stderr.write(`${lines.join('\n')}\n`);
  return 0;
}

function chosenShell(shell: string | undefined, host: Host): Shell {
  if (shell !== undefined) return parseChoice('--shell', shell, SHELLS);
  const found = shellOf(host);
  if (found) return found;
  throw wrongUsage(
    `which shell? SHELL is "${host.env.SHELL ?? ''}", which has no completion here`,
    `say it: completion install --shell ${SHELLS.join('|')}`,
  );
}

export const completionCommand: Command<Flags> = { options, run };
