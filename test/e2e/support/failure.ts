import { readFileSync } from 'node:fs';
import type { ProblemKind } from '../../../src/problem.ts';
import type { Finished, StartOptions } from './process.ts';
import { type AtEnd, freshPath, netdebug } from './world.ts';

/** The end of a command, and the kinds of the problems that it reported. */
export interface Failure extends Finished {
  /** Of those of the whole command, in their order. */
  readonly kinds: readonly ProblemKind[];
  /** Of those of one target among several, or of a check of doctor, by its name. */
  readonly failed: Readonly<Record<string, ProblemKind>>;
}

/** Runs our program to its end, with a trace: that names the kind of each problem, whatever its words are. */
export async function failure(
  args: readonly string[],
  options: StartOptions & { onTestFinished?: AtEnd } = {},
): Promise<Failure> {
  const file = freshPath('trace.json');
  const [command = '', ...rest] = args;
  const finished = await netdebug([command, '--trace-timing', file, ...rest], options).finished;
  return { ...finished, ...problemsIn(file) };
}

/** The problems that a trace of a command names. */
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
