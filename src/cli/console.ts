import { terminalSafeLines } from '../output/terminalSafe.ts';

/** Prints a line to standard error, or several; nothing in them can control the terminal. */
export function note(text: string): void {
  process.stderr.write(`${terminalSafeLines(text)}\n`);
}
