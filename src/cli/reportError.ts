import { Problem } from '../problem.ts';
import { problemMoment } from '../timing.ts';
import { note, noteLines } from './console.ts';
import { Interrupted } from './interruption.ts';

/** How some of kubectl's errors start. All others are prefixed with "error: ". */
const KUBECTL_PREFIXES =
  /^(Error from server|Error in configuration|Unable to connect|The connection to the server)/;

/** The exit code that shells report for a program that was ended with Ctrl-C. */
const INTERRUPTED_EXIT_CODE = 130;

/**
 * Prints the error and the next steps to standard error, and returns the exit code. `target` is the failed one of
 * several targets.
 */
export function reportError(error: unknown, target?: string): number {
  const targetPrefix = target === undefined ? '' : `${target}: `;
  if (isInterruption(error)) {
    note('interrupted');
    return INTERRUPTED_EXIT_CODE;
  }
  if (!(error instanceof Problem)) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    noteLines(`${targetPrefix}error: this is a bug in kubectl netdebug\n${text}`);
    return 1;
  }
  const prefix = KUBECTL_PREFIXES.test(error.message) ? '' : 'error: ';
  const lines = [targetPrefix + prefix + error.message, ...error.next.map((step) => `  ${step}`)];
  problemMoment(error, target);
  noteLines(lines.join('\n'));
  return error.exitCode;
}

/** Whether the user ended the command before it produced anything. */
export function isInterruption(error: unknown): boolean {
  return (
    error instanceof Interrupted || (error instanceof Error && error.cause instanceof Interrupted)
  );
}
