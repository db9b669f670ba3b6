import { readFileSync } from 'node:fs';
import type { ProblemKind } from '../../../src/problem.ts';
import type { Finished, StartOptions } from './process.ts';
import { type AtEnd, freshPath, netdebug } from './world.ts';

/** The end of a command, and the kinds of the problems that it reported. */
export interface Failure extends Finished {
  /** The problems of the whole command, in order. */
  readonly kinds: readonly ProblemKind[];
  /** The problems of one of several targets, or of a check of doctor, by name. */
  readonly failed: Readonly<Record<string, ProblemKind>>;
}

/** Runs netdebug to its end with a trace, which contains the kind of each problem whatever its message is. */
export async function failure(
  args: readonly string[],
  options: StartOptions & { onTestFinished?: AtEnd } = {},
): Promise<Failure> {
  const file = freshPath('trace.json');
  const [command = '', ...rest] = args;
  const finished = await netdebug([command, '--trace-timing', file, ...rest], options).finished;
  return { ...finished, ...problemsIn(file) };
}

/** The problems in a command's trace. */
export function problemsIn(file: string): Pick<Failure, 'kinds' | 'failed'> {
  const { traceEvents } = JSON.parse(readFileSync(file, 'utf8')) as {
    traceEvents: { name: string; args?: { detail?: ProblemKind; target?: string } }[];
  };
  const kinds: ProblemKind[] = [];
  const failed: Record<string, ProblemKind> = {};
  for (const { name, args: { detail, target } = {} } of traceEvents) {
    if (name !== 'error' || detail === undefined) continue;
    if (target === undefined) kinds.push(detail);
    else failed[target] = detail;
  }
  return { kinds, failed };
}
