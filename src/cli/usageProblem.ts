import { Problem } from '../problem.ts';

/** How people call the program. */
export const PROGRAM_NAME = 'kubectl netdebug';

const COMMANDS: ReadonlySet<string> = new Set([
  'capture',
  'captures',
  'cleanup',
  'completion',
  'doctor',
  'extcap',
  'filters',
  'options',
  'ports',
  'presets',
  'ps',
  'shell',
  'version',
]);

/** yargs' complaints in kubectl's words. */
export function usageProblem(message: string, args: readonly string[]): Problem {
  const command = args.find((word) => !word.startsWith('-'));
  const next = [
    `See '${PROGRAM_NAME}${isCommand(command) ? ` ${command}` : ''} --help' for usage.`,
  ];
  const lacking = /^Not enough arguments following: (.*)$/.exec(message)?.[1];
  if (lacking !== undefined)
    return new Problem(`flag needs an argument: ${flagText(lacking, args)}`, { exitCode: 2, next });
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
  return word !== undefined && COMMANDS.has(word);
}

/** A flag as kubectl names it in errors: `--namespace`, or `'w' in -w`. */
function flagText(name: string, args: readonly string[]): string {
  if (name.length > 1) return `--${name}`;
  const word = args.findLast((arg) => /^-\w/.test(arg) && arg.includes(name));
  return `'${name}' in ${word ?? `-${name}`}`;
}
