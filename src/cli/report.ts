import { terminalSafeLines } from '../output/terminalSafe.ts';
import { Problem } from '../problem.ts';
import { Interrupted } from './interruption.ts';

/** Words that kubectl begins its errors with; everything else gets "error: " before it. */
const KUBECTL_OPENINGS =
  /^(Error from server|Error in configuration|Unable to connect|The connection to the server)/;

/** What shells give for a program that Ctrl-C ended. */
const INTERRUPTED = 130;

/** Prints what went wrong and what to try next to standard error, and gives the exit code. */
export function report(error: unknown): number {
  if (isInterruption(error)) {
    process.stderr.write('interrupted\n');
    return INTERRUPTED;
  }
  if (!(error instanceof Problem)) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stderr.write(
      `error: this is a fault in kubectl netdebug itself\n${terminalSafeLines(text)}\n`,
    );
    return 1;
  }
  const opening = KUBECTL_OPENINGS.test(error.message) ? '' : 'error: ';
  const lines = [opening + error.message, ...error.next.map((step) => `  ${step}`)];
  process.stderr.write(`${terminalSafeLines(lines.join('\n'))}\n`);
  return error.exitCode;
}

/** Whether it was the user who ended the command, before there was anything to keep. */
export function isInterruption(error: unknown): boolean {
  return (
    error instanceof Interrupted || (error instanceof Error && error.cause instanceof Interrupted)
  );
}
