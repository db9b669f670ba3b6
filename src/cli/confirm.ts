import { createInterface } from 'node:readline/promises';
import { wrongUsage } from '../problem.ts';

/** Asks the user, who must be at a terminal; anything but yes is no. */
export async function confirm(question: string, signal: AbortSignal): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY)
    throw wrongUsage('there is no terminal to ask at', 'add --yes, or see first with --dry-run');
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await asking.question(`${question} [y/N] `, { signal })).trim());
  } finally {
    asking.close();
  }
}
