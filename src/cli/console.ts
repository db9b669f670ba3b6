import { once } from 'node:events';
import { type Notice, noticeLines } from '../notice.ts';
import { StatusLine } from '../output/statusLine.ts';
import { terminalSafe, terminalSafeLines } from '../output/terminalSafe.ts';
import { wrongUsage } from '../problem.ts';
import { noticeMoment } from '../timing.ts';

// The only module that writes to standard error, so that lines and the status line do not mix.

let line: StatusLine | undefined;

/** The status line at the bottom of the terminal. All commands share it. */
export function statusLine(): StatusLine {
  line ??= new StatusLine(process.stderr);
  return line;
}

/** How long a request may take before a message says that the program is waiting for it. */
const SLOW_REQUEST_MS = 1_000;

/** Shows that the program is waiting for a server, if the request takes long and nothing else is shown. */
export function showSlowRequest(server: string): () => void {
  let endWait = () => {};
  const timer = setTimeout(() => {
    const line = statusLine();
    if (!line.isBusy) endWait = line.wait(`waiting for the API server ${server} to answer`);
  }, SLOW_REQUEST_MS);
  timer.unref();
  return () => {
    clearTimeout(timer);
    endWait();
  };
}

/** Prints a line above the status line. Control characters and line breaks in the text are made harmless. */
export function note(text: string): void {
  write(`${terminalSafe(text)}\n`);
}

/** Prints a notice above the status line, and records its kind in the trace. */
export function notify(notice: Notice): void {
  for (const line of noticeLines(notice)) note(line);
  noticeMoment(notice);
}

/** Prints several lines above the status line. Control characters in the text are made harmless. */
export function noteLines(text: string): void {
  write(`${terminalSafeLines(text)}\n`);
}

/** Lines that wait until the terminal is free again. */
let heldText = '';

function write(text: string): void {
  if (line?.isHeld) {
    heldText += text;
    return;
  }
  line?.hide();
  process.stderr.write(text);
  line?.redraw();
}

/** A plugin that runs longer than this is probably waiting for the user. */
const PLUGIN_PROMPT_MS = 2_000;

/**
 * When the recorder of the running capture stops by itself if the connection is not restored. Milliseconds since 1970.
 */
let getRecordingEnd: (() => number | undefined) | undefined;

/**
 * Call it while a capture is running: the message about a lost login then says how long the recorder keeps recording.
 */
export function setRecordingEnd(getEnd: (() => number | undefined) | undefined): void {
  getRecordingEnd = getEnd;
}

/**
 * Leaves the terminal to a credential plugin until the returned function is called. Nothing is drawn over the plugin's
 * prompt, and notes are delayed. A renewal during a capture is explained below the prompt.
 */
export function holdForPlugin(renewal: boolean): () => void {
  if (!process.stderr.isTTY) return () => {};
  const release = statusLine().hold();
  const timer = setTimeout(() => {
    if (renewal)
      process.stderr.write(
        `\nyour login has expired; ${keepsRecordingText()}answer the question above\n`,
      );
  }, PLUGIN_PROMPT_MS);
  timer.unref();
  return () => {
    clearTimeout(timer);
    release();
    if (line?.isHeld || heldText === '') return;
    const text = heldText;
    heldText = '';
    write(text);
  };
}

/** During a capture, reports that a login was not renewed. Other commands fail with the Problem itself. */
export function reportExpiredLogin({ message }: Error, retryInMs: number | undefined): void {
  if (!getRecordingEnd || retryInMs === undefined) return;
  notify({
    kind: 'login-lost',
    text: `${message}; ${keepsRecordingText()}trying again in ${retryInMs / 1000} s`,
  });
}

function keepsRecordingText(): string {
  if (!getRecordingEnd) return '';
  const endTime = getRecordingEnd();
  const until =
    endTime === undefined ? '' : ` until ${new Date(endTime).toTimeString().slice(0, 5)}`;
  return `the recorder keeps recording${until}; `;
}

/** Prints the standard error of another program unchanged. */
export async function passThrough(chunk: Buffer): Promise<void> {
  if (!process.stderr.write(chunk)) await once(process.stderr, 'drain');
}

/** Asks the user for confirmation. Anything except yes means no. Throws a Problem without a terminal. */
export async function confirm(question: string, signal: AbortSignal): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY)
    throw wrongUsage(
      'there is no terminal to ask for confirmation',
      'use --yes, or --dry-run to preview',
    );
  const { createInterface } = await import('node:readline/promises');
  const readline = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await readline.question(`${question} [y/N] `, { signal })).trim());
  } finally {
    readline.close();
  }
}
