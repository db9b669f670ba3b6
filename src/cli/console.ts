import { once } from 'node:events';
import { StatusLine } from '../output/statusLine.ts';
import { terminalSafe, terminalSafeLines } from '../output/terminalSafe.ts';
import { wrongUsage } from '../problem.ts';

// The only module that writes to standard error, so that lines and the status line do not mix.

let line: StatusLine | undefined;

/** The line at the bottom of the terminal that shows progress; the commands share it. */
export function statusLine(): StatusLine {
  line ??= new StatusLine(process.stderr);
  return line;
}

/** How long a request may take before a message says that the program waits for it. */
const REQUEST_TOLD_MS = 1_000;

/** Shows that the program waits for a server, if the request takes long and nothing else is shown. */
export function tellOfRequest(server: string): () => void {
  let answered = () => {};
  const telling = setTimeout(() => {
    const line = statusLine();
    if (!line.isBusy) answered = line.wait(`waiting for the API server ${server} to answer`);
  }, REQUEST_TOLD_MS);
  telling.unref();
  return () => {
    clearTimeout(telling);
    answered();
  };
}

/** Prints a line above the status line. Nothing in it can control the terminal or begin another line. */
export function note(text: string): void {
  write(`${terminalSafe(text)}\n`);
}

/** Prints a text of several lines above the status line. Nothing in it can control the terminal. */
export function noteLines(text: string): void {
  write(`${terminalSafeLines(text)}\n`);
}

/** Lines that wait until the terminal is free again. */
let waiting = '';

function write(text: string): void {
  if (line?.isHeld) {
    waiting += text;
    return;
  }
  line?.hide();
  process.stderr.write(text);
  line?.redraw();
}

/** A plugin that has not ended by then has probably asked the user something. */
const PLUGIN_ASKS_MS = 2_000;

/** When the recorder of the running capture ends by itself if it is not reached again; milliseconds since 1970. */
let recordingEnd: (() => number | undefined) | undefined;

/** A capture is running: what is shown of a lost login says until when its recorder keeps recording. */
export function setRecordingEnd(end: (() => number | undefined) | undefined): void {
  recordingEnd = end;
}

/**
 * Leaves the terminal to a credential plugin until what it gives is called: nothing is drawn over its
 * question, and notes wait. A renewal during a capture is explained below the question.
 */
export function letPluginAsk(renewal: boolean): () => void {
  if (!process.stderr.isTTY) return () => {};
  const release = statusLine().hold();
  const explaining = setTimeout(() => {
    if (renewal)
      process.stderr.write(
        `\nyour login has expired; ${keepsRecording()}answer the question above\n`,
      );
  }, PLUGIN_ASKS_MS);
  explaining.unref();
  return () => {
    clearTimeout(explaining);
    release();
    if (line?.isHeld || waiting === '') return;
    const text = waiting;
    waiting = '';
    write(text);
  };
}

/** Says, during a capture, that a login was not renewed; everybody else fails with the Problem itself. */
export function tellOfLostLogin({ message }: Error, againInMs: number | undefined): void {
  if (!recordingEnd || againInMs === undefined) return;
  note(`${message}; ${keepsRecording()}trying again in ${againInMs / 1000} s`);
}

function keepsRecording(): string {
  if (!recordingEnd) return '';
  const end = recordingEnd();
  const until = end === undefined ? '' : ` until ${new Date(end).toTimeString().slice(0, 5)}`;
  return `the recorder keeps recording${until}; `;
}

/** Passes the standard error of another program on, as it is. */
export async function passThrough(chunk: Buffer): Promise<void> {
  if (!process.stderr.write(chunk)) await once(process.stderr, 'drain');
}

/** Asks the user for confirmation; anything but yes means no. Throws a Problem without a terminal. */
export async function confirm(question: string, signal: AbortSignal): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY)
    throw wrongUsage(
      'there is no terminal to ask for confirmation',
      'use --yes, or --dry-run to preview',
    );
  const { createInterface } = await import('node:readline/promises');
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await asking.question(`${question} [y/N] `, { signal })).trim());
  } finally {
    asking.close();
  }
}
