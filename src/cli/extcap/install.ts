import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { posix, win32 } from 'node:path';
import { messageOf, Problem } from '../../problem.ts';
import { removeOwn } from '../completion/install.ts';
import type { LocalSystem } from '../completion/places.ts';
import { configText, interfaceName, linkTypesText } from './sentences.ts';

/** What the program in Wireshark's folder is to remember. */
export type Remembered = ReadonlyMap<'kubeconfig' | 'context' | 'namespace', string>;

/**
 * Wireshark's personal extcap folders: 4.2 and later look into the first, older ones into the second.
 */
export function extcapFolders({ platform, env, home }: LocalSystem): string[] {
  if (platform === 'win32') {
    const data = env.APPDATA || win32.join(home, 'AppData', 'Roaming');
    return [win32.join(data, 'Wireshark', 'extcap')];
  }
  const config = env.XDG_CONFIG_HOME || posix.join(home, '.config');
  return [
    posix.join(home, '.local', 'lib', 'wireshark', 'extcap'),
    posix.join(config, 'wireshark', 'extcap'),
  ];
}

/** Writes the program; gives the paths. Throws a Problem. */
export function installExtcap(host: LocalSystem, remembered: Remembered): string[] {
  const windows = host.platform === 'win32';
  const { dirname } = windows ? win32 : posix;
  refuseWithoutProgram(host);
  return programPaths(host).map((path) => {
    try {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, windows ? batchText(host, remembered) : shellText(host, remembered));
      chmodSync(path, 0o755);
    } catch (error) {
      throw new Problem(`cannot write ${path}: ${messageOf(error)}`, { cause: error });
    }
    return path;
  });
}

/** Removes the program; gives the paths. Files of others stay. Throws a Problem. */
export function uninstallExtcap(host: LocalSystem): string[] {
  return programPaths(host).filter((path) => removeOwn(path, '__extcap'));
}

function programPaths(host: LocalSystem): string[] {
  const windows = host.platform === 'win32';
  const { join } = windows ? win32 : posix;
  return extcapFolders(host).map((folder) => join(folder, windows ? 'netdebug.bat' : 'netdebug'));
}

/** Desktops start Wireshark without the PATH of a terminal, which credential plugins need too. */
function shellText({ env }: LocalSystem, remembered: Remembered): string {
  const flags = [...remembered].map(([name, value]) => `--${name} ${quoted(value)} `).join('');
  const variables = (['PATH', 'KUBECONFIG'] as const).flatMap((name) => {
    const value = env[name];
    return value ? [`${name}=${quoted(value)}; export ${name}`] : [];
  });
  return [
    '#!/bin/sh',
    '# Made by: kubectl netdebug extcap install',
    ...variables,
    // Wireshark and tshark ask this of every pod when they start, one after the other.
    'case " $* " in',
    `*' --extcap-dlts '*) ${printed(linkTypesText())}; exit ;;`,
    `*' --extcap-config '*' netdebug-'*) ${printed(configText(SOME_POD))}; exit ;;`,
    'esac',
    `exec kubectl-netdebug __extcap ${flags}"$@"`,
    '',
  ].join('\n');
}

/** The dialogs of all pods have the same fields. */
const SOME_POD = interfaceName({ namespace: 'namespace', pod: 'pod' });

/** A command of the shell itself that prints these lines. */
function printed(text: string): string {
  return `printf '%s\\n' ${text.trimEnd().split('\n').map(quoted).join(' ')}`;
}

function batchText({ env }: LocalSystem, remembered: Remembered): string {
  const flags = [...remembered].map(([name, value]) => `--${name} "${value}" `).join('');
  const variables = env.KUBECONFIG ? [`set "KUBECONFIG=${env.KUBECONFIG}"`] : [];
  return ['@echo off', ...variables, `kubectl-netdebug __extcap ${flags}%*`, ''].join('\r\n');
}

function quoted(value: string): string {
  return `'${value.replaceAll("'", "'\\''")}'`;
}

function refuseWithoutProgram({ platform, env }: LocalSystem): void {
  const { join, delimiter } = platform === 'win32' ? win32 : posix;
  const name = platform === 'win32' ? 'kubectl-netdebug.exe' : 'kubectl-netdebug';
  const folders = (env.PATH ?? env.Path ?? '').split(delimiter);
  if (folders.some((folder) => existsSync(join(folder, name)))) return;
  throw new Problem(`${name} is not on PATH, where Wireshark is to find it`, {
    next: ['put it there, or a link to it, and try again'],
  });
}
