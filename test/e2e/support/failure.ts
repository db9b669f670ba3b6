import { readFileSync } from 'node:fs';
import type { ProblemKind } from '../../../src/problem.ts';
import type { Finished, StartOptions } from './process.ts';
import { type AtEnd, freshPath, netdebug } from './world.ts';

/** The end of a command, and the kinds of the problems that it reported, in their order. */
export interface Failure extends Finished {
  readonly kinds: readonly ProblemKind[];
}

/** Runs our program to its end, with a trace: that names the kind of each problem, whatever its words are. */
export async function failure(
  args: readonly string[],
  options: StartOptions & { onTestFinished?: AtEnd } = {},
): Promise<Failure> {
  const file = freshPath('trace.json');
  const [command = '', ...rest] = args;
  const finished = await netdebug([command, '--trace-timing', file, ...rest], options).finished;
  const { traceEvents } = JSON.parse(readFileSync(file, 'utf8')) as {
    traceEvents: { name: string; args?: { detail?: ProblemKind } }[];
  };
  const kinds = traceEvents.flatMap(({ name, args }) =>
    name === 'error' && args?.detail !== undefined ? [args.detail] : [],
  );
  return { ...finished, kinds };
}
