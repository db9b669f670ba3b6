import { homedir } from 'node:os';
import { print } from '../../output/standardOutput.ts';
import { wrongUsage } from '../../problem.ts';
import { command } from '../command.ts';
import { installCompletion, uninstallCompletion } from '../completion/install.ts';
import { type LocalSystem, userShell } from '../completion/places.ts';
import { SCRIPTS, SHELLS, type Shell } from '../completion/scripts.ts';
import { note, noteLines } from '../console.ts';
import { oneOf } from '../flags/valueTypes.ts';

const ACTIONS = [...SHELLS, 'install', 'uninstall'] as const;

export const completionCommand = command({
  description:
    'Install completion of commands, options, pods and captures for your shell and for kubectl, remove it, or print the script for a shell.',
  examples: [
    ['completion install', 'Install completion for your shell and for kubectl'],
    ['completion install --shell zsh', 'Install completion for another shell'],
    ['completion uninstall', 'Remove completion from all shells'],
    ['completion bash', 'Print the script for bash'],
  ],
  arguments: [{ name: 'ACTION', required: true, choices: ACTIONS }],
  flags: [
    {
      title: 'Options',
      flags: {
        shell: { value: oneOf('SHELL', SHELLS), help: 'Install for this shell (default yours)' },
      },
    },
  ],
  run: async ({ flags, args: [action] }) => {
    const shell = SHELLS.find((name) => name === action);
    if (shell) {
      if (flags.shell !== undefined) throw wrongUsage('--shell is only for completion install');
      await print([SCRIPTS[shell]]);
      return 0;
    }
    const host = { platform: process.platform, env: process.env, home: homedir() };
    if (action === 'uninstall') {
      if (flags.shell !== undefined) throw wrongUsage('--shell is only for completion install');
      const removed = uninstallCompletion(host);
      for (const path of removed) note(`removed ${path}`);
      note(
        removed.length === 0
          ? 'nothing is installed'
          : "if you added a line for it to your shell's start-up file, remove that line as well",
      );
      return 0;
    }
    noteLines(installCompletion(flags.shell ?? detectShell(host), host).join('\n'));
    return 0;
  },
});

function detectShell(host: LocalSystem): Shell {
  const found = userShell(host);
  if (found) return found;
  throw wrongUsage(
    `completion is not available for the shell "${host.env.SHELL ?? ''}" (from SHELL)`,
    `choose another shell: completion install --shell ${SHELLS.join('|')}`,
  );
}
