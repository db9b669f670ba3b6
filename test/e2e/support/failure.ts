import { readFileSync } from 'node:fs';
import type { EarlyEndKind } from '../../../src/capture/earlyEnd.ts';
import type { NoticeKind } from '../../../src/notice.ts';
import type { ProblemKind } from '../../../src/problem.ts';
import type { Finished, Running, StartOptions } from './process.ts';
import { type AtEnd, freshPath, netdebug } from './world.ts';

/** What a command reported, according to its trace. */
export interface Reported {
  /** The problems of the whole command, in order. */
  readonly kinds: readonly ProblemKind[];
  /** The problems of one of several targets, or of a check of doctor, by name. */
  readonly failed: Readonly<Record<string, ProblemKind>>;
  /** All notices, in order. */
  readonly notices: readonly NoticeKind[];
  /** The notices about one of several targets. */
  readonly noticesOf: (target: string) => readonly NoticeKind[];
  /** Early ends of recordings, in order. */
  readonly earlyEnds: readonly EarlyEndKind[];
}

/** The end of a command, and what it reported. */
export interface Failure extends Finished, Reported {}

type TracedOptions = StartOptions & { readonly onTestFinished?: AtEnd };

/** Runs netdebug to its end with a trace, which contains the kinds of what it reports, whatever the messages are. */
export async function failure(
  args: readonly string[],
  options: TracedOptions = {},
): Promise<Failure> {
  const running = traced(args, options);
  return { ...(await running.finished), ...running.reported() };
}

/** Starts netdebug with a trace. `reported` returns what it reported, after its end. */
export function traced(
  args: readonly string[],
  options: TracedOptions = {},
): Running & { readonly reported: () => Reported } {
  const file = freshPath('trace.json');
  const [command = '', ...rest] = args;
  const running = netdebug([command, '--trace-timing', file, ...rest], options);
  return { ...running, reported: () => reportedIn(file) };
}

/** Reads the trace of a command. */
export function reportedIn(file: string): Reported {
  const { traceEvents } = JSON.parse(readFileSync(file, 'utf8')) as {
    traceEvents: { name: string; args?: { detail?: string; target?: string } }[];
  };
  const named = (name: string) =>
    traceEvents.flatMap((event) =>
      event.name === name && event.args?.detail !== undefined
        ? { kind: event.args.detail, target: event.args.target }
        : [],
    );
  const problems = named('error') as { kind: ProblemKind; target: string | undefined }[];
  const notices = named('notice') as { kind: NoticeKind; target: string | undefined }[];
  return {
    kinds: problems.flatMap(({ kind, target }) => (target === undefined ? kind : [])),
    failed: Object.fromEntries(
      problems.flatMap(({ kind, target }) => (target === undefined ? [] : [[target, kind]])),
    ),
    notices: notices.map(({ kind }) => kind),
    noticesOf: (name) => notices.flatMap(({ kind, target }) => (target === name ? kind : [])),
    earlyEnds: named('early end').map(({ kind }) => kind as EarlyEndKind),
  };
}
