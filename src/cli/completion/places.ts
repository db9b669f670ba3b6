import { posix, win32 } from 'node:path';
import type { Shell } from './scripts.ts';

/** The local system. It is a parameter, so that each platform can be tested on any other. */
export interface LocalSystem {
  readonly platform: NodeJS.Platform;
  readonly env: NodeJS.ProcessEnv;
  readonly home: string;
}

/** Where a shell searches for completions, and the remaining steps for its user. */
export interface CompletionFile {
  readonly path: string;
  readonly remainingStep?: string;
}

/** The user's shell: the one in SHELL, or PowerShell on Windows. Undefined for unsupported shells. */
export function userShell({ platform, env }: LocalSystem): Shell | undefined {
  const name = (env.SHELL ?? '')
    .split(/[\\/]/)
    .at(-1)
    ?.replace(/\.exe$/, '');
  if (name === 'bash' || name === 'zsh' || name === 'fish') return name;
  if (name === 'pwsh' || (name === '' && platform === 'win32')) return 'powershell';
  return undefined;
}

/** The file for a shell's completion. The shell reads it when it is first needed. */
export function completionFile(shell: Shell, { platform, env, home }: LocalSystem): CompletionFile {
  const { join } = platform === 'win32' ? win32 : posix;
  const data = env.XDG_DATA_HOME || join(home, '.local', 'share');
  const config = env.XDG_CONFIG_HOME || join(home, '.config');
  switch (shell) {
    case 'bash': {
      const folder = env.BASH_COMPLETION_USER_DIR || join(data, 'bash-completion');
      const path = join(folder, 'completions', 'kubectl-netdebug');
      return {
        path,
        remainingStep: `if the package bash-completion is not installed, add to ~/.bashrc: . '${path}'`,
      };
    }
    case 'zsh': {
      const folder = join(data, 'zsh', 'site-functions');
      return {
        path: join(folder, '_kubectl-netdebug'),
        remainingStep: `unless it is already there, add to ~/.zshrc, before compinit: fpath=('${folder}' $fpath)`,
      };
    }
    case 'fish':
      return { path: join(config, 'fish', 'completions', 'kubectl-netdebug.fish') };
    case 'powershell': {
      const path = join(config, 'kubectl-netdebug', 'completion.ps1');
      return { path, remainingStep: `add to your profile (see $PROFILE): . '${path}'` };
    }
  }
}
