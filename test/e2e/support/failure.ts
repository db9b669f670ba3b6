import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import type { EarlyEndKind } from '../../../src/capture/earlyEnd.ts';
import type { NoticeKind } from '../../../src/notice.ts';
import type { ProblemKind } from '../../../src/problem.ts';
import { type Finished, PATIENCE_MS, type Running, type StartOptions } from './process.ts';
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
  /** The targets of the notices of a kind, in order. */
  readonly targetsOf: (kind: NoticeKind) => readonly string[];
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

/** Which notice to wait for. */
interface Awaited {
  /** How many of them. Default: 1. */
  readonly times?: number;
  /** Only those about this one of several targets. */
  readonly target?: string;
}

/** A command with a trace. */
export interface Traced extends Running {
  /** Waits until a notice of this kind was reported. Fails with the output if the command ends without one. */
  readonly reports: (kind: NoticeKind, awaited?: Awaited) => Promise<void>;
  /** Waits until its trace contains an event of this name. */
  readonly traces: (name: string) => Promise<void>;
  /** What it has reported so far. */
  readonly reported: () => Reported;
}

/** Starts netdebug with a trace. */
export function traced(args: readonly string[], options: TracedOptions = {}): Traced {
  const file = freshPath('trace.json');
  const [command = '', ...rest] = args;
  const running = netdebug([command, '--trace-timing', file, ...rest], options);
  const until = async (what: string, isThere: () => boolean) => {
    for (const end = Date.now() + PATIENCE_MS; ; await wait(20)) {
      // Checked first, so that the trace then contains everything from before the end.
      const hasEnded = running.child.exitCode !== null || running.child.signalCode !== null;
      if (isThere()) return;
      if (hasEnded || Date.now() > end)
        throw new Error(
          `the trace never had ${what}\n--- notices\n${reportedIn(file).notices}\n--- stdout\n${running.stdout()}\n--- stderr\n${running.stderr()}`,
        );
    }
  };
  return {
    ...running,
    reports: (kind, { times = 1, target } = {}) =>
      until(`${times} × ${kind} ${target ?? ''}`, () => {
        const { notices, noticesOf } = reportedIn(file);
        const found = target === undefined ? notices : noticesOf(target);
        return found.filter((candidate) => candidate === kind).length >= times;
      }),
    traces: (name) => until(name, () => eventsIn(file).some((event) => event.name === name)),
    reported: () => reportedIn(file),
  };
}

interface TraceEvent {
  readonly name: string;
  readonly args?: { readonly detail?: string; readonly target?: string };
}

/** The events of a trace. That of a command that is running, or was killed, ends after any event, or inside one. */
function eventsIn(file: string): readonly TraceEvent[] {
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const whole = text.endsWith('\n]}\n')
    ? text
    : `${text.slice(0, Math.max(0, text.lastIndexOf(',\n')))}]}`;
  return whole === ']}' ? [] : JSON.parse(whole).traceEvents;
}

/** Reads the trace of a command. */
export function reportedIn(file: string): Reported {
  const traceEvents = eventsIn(file);
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
    targetsOf: (kind) =>
      notices.flatMap((notice) => (notice.kind === kind ? (notice.target ?? []) : [])),
    earlyEnds: named('early end').map(({ kind }) => kind as EarlyEndKind),
  };
}
