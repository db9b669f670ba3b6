import { editDistance } from '../nearest.ts';
import { type Problem, wrongUsage } from '../problem.ts';
import type { Command } from './command.ts';
import type { ParsedArgs } from './parseFlags.ts';

/** The program's name in its own messages. */
export const PROGRAM_NAME = 'kubectl netdebug';

/**
 * A usage error that refers to the command's help, as kubectl's errors do, or to the program's help without a command.
 */
export function usageError(
  message: string,
  command: string | undefined,
  next: readonly string[] = [],
): Problem {
  const name = command === undefined ? PROGRAM_NAME : `${PROGRAM_NAME} ${command}`;
  return wrongUsage(message, ...next, `See '${name} --help' for usage.`);
}

/** The error for an unknown command, with similar commands. */
export function unknownCommand(word: string, known: readonly string[]): Problem {
  const similar = known.filter((name) => name.startsWith(word) || editDistance(word, name) <= 2);
  return usageError(
    `unknown command "${word}" for "${PROGRAM_NAME}"`,
    undefined,
    similar.length > 0 ? [`Did you mean ${similar.join(' or ')}?`] : [],
  );
}

/** Throws a usage error unless the words match the arguments of the command. */
export function checkArguments(
  command: string,
  { arguments: argumentSpecs = [], rest: restPlaceholder }: Command,
  { args, rest }: ParsedArgs,
): void {
  for (const [index, { name, required, choices, variadic }] of argumentSpecs.entries()) {
    const values = variadic ? args.slice(index) : args.slice(index, index + 1);
    if (values.length === 0 && required)
      throw usageError(`${choices ? `one of ${choices.join(', ')}` : name} is required`, command);
    const invalid = choices && values.find((word) => !choices.includes(word));
    if (invalid !== undefined)
      throw usageError(
        `invalid argument "${invalid}": must be one of: ${choices?.join(', ')}`,
        command,
      );
  }
  const unexpected = argumentSpecs.at(-1)?.variadic ? undefined : args[argumentSpecs.length];
  if (unexpected !== undefined) {
    const words = args.slice(argumentSpecs.length).join(' ');
    throw usageError(
      `unexpected argument: ${unexpected}`,
      command,
      restPlaceholder === undefined
        ? []
        : [
            `put ${restPlaceholder.split(' ')[0]} after --, for example: ${command} ${args[0]} -- ${words}`,
          ],
    );
  }
  if (rest !== undefined && restPlaceholder === undefined)
    throw usageError(`unexpected arguments after --: ${rest.join(' ')}`, command);
}
