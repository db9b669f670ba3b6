import { Problem } from '../problem.ts';
import { problemMoment } from '../timing.ts';
import { note, noteLines } from './console.ts';
import { Interrupted } from './interruption.ts';

/** How some of kubectl's errors start. All others are prefixed with "error: ". */
const KUBECTL_OPENINGS =
  /^(Error from server|Error in configuration|Unable to connect|The connection to the server)/;

/** The exit code that shells report for a program that was ended with Ctrl-C. */
const INTERRUPTED = 130;

/**
 * Prints the error and the next steps to standard error, and returns the exit code. `target` is the failed one of
 * several targets.
 */
export function report(error: unknown, target?: string): number {
  const subject = target === undefined ? '' : `${target}: `;
  if (isInterruption(error)) {
    note('interrupted');
    return INTERRUPTED;
  }
  if (!(error instanceof Problem)) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    noteLines(`${subject}error: this is a bug in kubectl netdebug\n${text}`);
    return 1;
  }
  const opening = KUBECTL_OPENINGS.test(error.message) ? '' : 'error: ';
  const lines = [subject + opening + error.message, ...error.next.map((step) => `  ${step}`)];
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
