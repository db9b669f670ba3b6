import bash from './shells/completion.bash';
import fish from './shells/completion.fish';
import powershell from './shells/completion.ps1';
import zsh from './shells/completion.zsh';

export const SHELLS = ['bash', 'zsh', 'fish', 'powershell'] as const;
export type Shell = (typeof SHELLS)[number];

/** The completion script for each shell. */
export const SCRIPTS: Readonly<Record<Shell, string>> = { bash, zsh, fish, powershell };

/** The program that kubectl (1.26 and later) runs to complete the plugin's arguments. */
export const SHIM = '#!/bin/sh\nexec kubectl-netdebug __complete "$@" 2>/dev/null </dev/null\n';
export const WINDOWS_SHIM = '@kubectl-netdebug __complete %* 2>NUL <NUL\r\n';
