import { openSync, writeFileSync } from 'node:fs';
import type { Notice } from './notice.ts';
import { messageOf, Problem } from './problem.ts';

/** An event of Chrome's trace event format; `ts` and `dur` are microseconds. */
interface TraceEvent {
  readonly name: string;
  /** X: something that took time. i: a moment. */
  readonly ph: 'X' | 'i';
  readonly ts: number;
  readonly dur?: number;
  readonly pid: number;
  readonly tid: number;
  readonly args?: Readonly<Record<string, string>>;
}

/** A command records a few dozen events. A capture of a week may record more. */
const MAX_EVENTS = 20_000;

interface Trace {
  readonly descriptor: number;
  readonly onLost: (problem: Problem) => void;
  events: number;
}

let trace: Trace | undefined;
/** Lanes with an open span. Chrome draws one lane per thread, and the spans in a lane may not overlap. */
const lanes: boolean[] = [];

/**
 * From now on, records what the program waits for and what it reports in a file: JSON in Chrome's trace event format,
 * for chrome://tracing and ui.perfetto.dev. Each event is written when it happens, on a line of its own, so that other
 * programs can wait for it. Times are relative to the start of the process. The file contains the paths of requests,
 * which include the names of pods, but no queries, headers or bodies. `loadStart` is when loading of the command
 * started. Throws a Problem if the file cannot be created. If it cannot be written later, for example because the disk
 * is full, the trace ends there, and `onLost` is called.
 */
export function startTrace(
  file: string,
  loadStart: number,
  onLost: (problem: Problem) => void,
): void {
  trace = { descriptor: createTraceFile(file), onLost, events: 0 };
  append(trace, '{"traceEvents":[\n');
  addSpan(event('start of the process', 0, 0), loadStart);
  addSpan(event('load the command', loadStart, 0));
  process.once('exit', () => {
    // The last event, because JSON does not permit a comma after it.
    const last = { ...event('end of the process', performance.now(), 0), ph: 'i' };
    if (trace) append(trace, `${JSON.stringify(last)}\n]}\n`);
  });
}

function createTraceFile(file: string): number {
  try {
    return openSync(file, 'w', 0o600);
  } catch (error) {
    throw traceProblem(error);
  }
}

/** A trace that cannot be written must not end what it describes. */
function append({ descriptor, onLost }: Trace, text: string): void {
  try {
    writeFileSync(descriptor, text);
  } catch (error) {
    trace = undefined;
    onLost(traceProblem(error));
  }
}

function traceProblem(error: unknown): Problem {
  return new Problem(`cannot write the timing: ${messageOf(error)}`, {
    kind: 'not-written',
    cause: error,
  });
}

/** Starts a span. The returned function ends it. Does nothing unless a trace is being recorded. */
export function span(name: string, detail?: string): () => void {
  if (!trace) return noop;
  const free = lanes.indexOf(false);
  const lane = free < 0 ? lanes.length : free;
  const started = event(name, performance.now(), lane, detail);
  let isOpen = true;
  lanes[lane] = true;
  return () => {
    if (!isOpen) return;
    isOpen = false;
    lanes[lane] = false;
    addSpan(started);
  };
}

/** Records a moment. */
export function moment(name: string, detail?: string): void {
  if (trace) add({ ...event(name, performance.now(), 0, detail), ph: 'i' });
}

/** Records the kind of a reported problem. `target` is what failed, if others may succeed. */
export function problemMoment({ kind }: Pick<Problem, 'kind'>, target?: string): void {
  kindMoment('error', kind, target);
}

/** Records the kind of a reported notice. */
export function noticeMoment({ kind, target }: Pick<Notice, 'kind' | 'target'>): void {
  kindMoment('notice', kind, target);
}

/** Records why a recording ended early: an EarlyEndKind. `target` is set if there are several recordings. */
export function earlyEndMoment({ kind }: { readonly kind: string }, target?: string): void {
  kindMoment('early end', kind, target);
}

function kindMoment(name: string, kind: string, target: string | undefined): void {
  if (!trace) return;
  const args = { detail: kind, ...(target !== undefined && { target }) };
  add({ ...event(name, performance.now(), 0), ph: 'i', args });
}

type StartedEvent = Pick<TraceEvent, 'name' | 'ts' | 'pid' | 'tid' | 'args'>;

/** `end` is in milliseconds since the start of the process. */
function addSpan(started: StartedEvent, end = performance.now()): void {
  add({ ...started, ph: 'X', dur: Math.round(end * 1000) - started.ts });
}

function event(name: string, start: number, lane: number, detail?: string): StartedEvent {
  const ts = Math.round(start * 1000);
  return { name, ts, pid: process.pid, tid: lane + 1, ...(detail && { args: { detail } }) };
}

function add(newEvent: TraceEvent): void {
  if (!trace || trace.events === MAX_EVENTS) return;
  trace.events += 1;
  append(trace, `${JSON.stringify(newEvent)},\n`);
}

function noop(): void {}
