import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { posix, win32 } from 'node:path';
import { messageOf, Problem } from '../../problem.ts';
import { removeIfOwn } from '../completion/install.ts';
import type { LocalSystem } from '../completion/places.ts';
import { configText, interfaceName, linkTypesText } from './sentences.ts';

/** The settings that are stored in the program in Wireshark's folder. */
export type StoredFlags = ReadonlyMap<'kubeconfig' | 'context' | 'namespace', string>;

/** Wireshark's personal extcap folders. Version 4.2 and later use the first, older versions the second. */
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

/** Writes the program, and returns the paths. Throws a Problem. */
export function installExtcap(host: LocalSystem, remembered: StoredFlags): string[] {
  const windows = host.platform === 'win32';
  const { dirname } = windows ? win32 : posix;
  requireProgram(host);
  return programPaths(host).map((path) => {
    try {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, windows ? batchText(host, remembered) : shellText(host, remembered));
      chmodSync(path, 0o755);
    } catch (error) {
      throw new Problem(`cannot write ${path}: ${messageOf(error)}`, {
        kind: 'not-written',
        cause: error,
      });
    }
    return path;
  });
}

/** Removes the program, and returns the paths. Files from other sources are kept. Throws a Problem. */
export function uninstallExtcap(host: LocalSystem): string[] {
  return programPaths(host).filter((path) => removeIfOwn(path, '__extcap'));
}

function programPaths(host: LocalSystem): string[] {
  const windows = host.platform === 'win32';
  const { join } = windows ? win32 : posix;
  return extcapFolders(host).map((folder) => join(folder, windows ? 'netdebug.bat' : 'netdebug'));
}

/** Desktops start Wireshark without the PATH of a terminal, which credential plugins also need. */
function shellText({ env }: LocalSystem, remembered: StoredFlags): string {
  const flags = [...remembered].map(([name, value]) => `--${name} ${shellQuote(value)} `).join('');
  const variables = (['PATH', 'KUBECONFIG'] as const).flatMap((name) => {
    const value = env[name];
    return value ? [`${name}=${shellQuote(value)}; export ${name}`] : [];
  });
  return [
    '#!/bin/sh',
    HEADER,
    ...variables,
    ...shellAnswers(),
    `exec kubectl-netdebug __extcap ${flags}--script "$0" "$@"`,
    '',
  ].join('\n');
}

/**
 * The answers that the script gives by itself. Wireshark and tshark ask for them for every pod at their start, one
 * after the other. The first and last line mark the place for `refreshAnswers`.
 */
function shellAnswers(): string[] {
  return [
    'case " $* " in',
    `*' --extcap-dlts '*) ${printfCommand(linkTypesText())}; exit ;;`,
    `*' --extcap-config '*' netdebug-'*) ${printfCommand(configText(SOME_POD))}; exit ;;`,
    'esac',
  ];
}

/** The same for cmd.exe. Wireshark passes the interface before or after the question. */
function batchAnswers(): string[] {
  const any = '"netdebug"';
  return [
    'goto begin',
    ':dlts',
    ...echoCommands(linkTypesText()),
    'exit /b',
    ':config',
    ...echoCommands(configText(SOME_POD)),
    'exit /b',
    ':begin',
    'if "%~1"=="--extcap-dlts" goto dlts',
    'if "%~3"=="--extcap-dlts" goto dlts',
    `if "%~1"=="--extcap-config" if not "%~3"==${any} goto config`,
    `if "%~3"=="--extcap-config" if not "%~2"==${any} goto config`,
  ];
}

const ANSWERS = /^case " \$\* " in$[\s\S]*?^esac$/m;

/**
 * Updates the answers in an installed program from an earlier version, so that the fields of its dialogs match this
 * version. Does nothing if that is not possible, or if the program is from another source.
 */
export function refreshAnswers(path: string): void {
  try {
    const before = readFileSync(path, 'utf8');
    if (!before.includes(HEADER)) return;
    const after = before.replace(ANSWERS, () => shellAnswers().join('\n'));
    if (after === before) return;
    // A shell that is reading the old file keeps it.
    const temporary = `${path}.${process.pid}`;
    writeFileSync(temporary, after, { mode: 0o755 });
    renameSync(temporary, path);
  } catch {
    // The old fields still work.
  }
}

/** Commands of cmd.exe that print these lines. */
function echoCommands(text: string): string[] {
  const lines = text.trimEnd().split('\n');
  return lines.map((line) => `echo ${line.replaceAll('%', '%%').replace(/[&|<>^]/g, '^$&')}`);
}

const HEADER = '# Made by: kubectl netdebug extcap install';

/** The dialogs of all pods have the same fields. */
const SOME_POD = interfaceName({ namespace: 'namespace', pod: 'pod' });

/** A shell built-in command that prints these lines. */
function printfCommand(text: string): string {
  return `printf '%s\\n' ${text.trimEnd().split('\n').map(shellQuote).join(' ')}`;
}

/** The program for cmd.exe. It uses goto, because parentheses and variables are unsafe in cmd.exe. */
export function batchText({ env }: Pick<LocalSystem, 'env'>, remembered: StoredFlags): string {
  const flags = [...remembered].map(([name, value]) => `--${name} "${value}" `).join('');
  const variables = env.KUBECONFIG ? [`set "KUBECONFIG=${env.KUBECONFIG}"`] : [];
  const program = `kubectl-netdebug __extcap ${flags}%*`;
  return ['@echo off', ...variables, ...batchAnswers(), program, ''].join('\r\n');
}

function shellQuote(value: string): string {
  return `'${value.replaceAll("'", "'\\''")}'`;
}

function requireProgram({ platform, env }: LocalSystem): void {
  const { join, delimiter } = platform === 'win32' ? win32 : posix;
  const name = platform === 'win32' ? 'kubectl-netdebug.exe' : 'kubectl-netdebug';
  const folders = (env.PATH ?? env.Path ?? '').split(delimiter);
  if (folders.some((folder) => existsSync(join(folder, name)))) return;
  throw new Problem(`${name} is not on PATH, so Wireshark cannot find it`, {
    kind: 'missing-program',
    next: ['move it to a folder on PATH, or link it there, and try again'],
  });
}
