import type { WriteStream } from 'node:tty';
import { terminalSafe } from './terminalSafe.ts';

/** Moves the cursor to the start of the line and erases the line (CR, ECMA-48 EL). */
const ERASE_LINE = '\r\x1b[K';

/** Without a terminal, shorter waits are not printed. */
const WAIT_PRINT_DELAY_MS = 1_000;

/**
 * A line at the bottom of a terminal that is redrawn in place. If the stream is not a terminal, it shows no progress,
 * and only long waits.
 */
export class StatusLine {
  readonly #stream: NodeJS.WriteStream;
  readonly #terminal: WriteStream | undefined;
  readonly #printedWaits = new Set<string>();
  #text = '';
  #holds = 0;
  #printsWaits = true;
  #holdEnd = Promise.resolve();
  #waitTimer: NodeJS.Timeout | undefined;
  #currentWait = '';

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
    this.#terminal = stream.isTTY ? stream : undefined;
  }

  /** Whether another program is using the terminal. */
  get isHeld(): boolean {
    return this.#holds > 0;
  }

  /** Whether there is anything to show. */
  get isBusy(): boolean {
    return this.#text !== '';
  }

  /** Shows progress, on a terminal only. */
  show(text: string): void {
    this.#endWait();
    this.#text = terminalSafe(text);
    this.redraw();
  }

  /**
   * Shows what the program is waiting for. Without a terminal, it is printed as a separate line if the wait lasts over
   * a second; waits that differ only in their numbers are printed once. The returned function removes the text if it is
   * still shown.
   */
  wait(text: string): () => void {
    const shown = terminalSafe(text);
    this.#text = shown;
    this.redraw();
    if (!this.#terminal && this.#printsWaits) this.#printWaitLater(shown.replace(/\d+/g, '#'));
    return () => {
      if (this.#text === shown) this.clear();
    };
  }

  /** Prints no waits without a terminal, because the stream belongs to another program. */
  disablePrintedWaits(): void {
    this.#printsWaits = false;
  }

  /** Lets `write` print other lines above the status line. */
  async printAbove(write: () => Promise<void>): Promise<void> {
    while (this.isHeld) await this.#holdEnd;
    this.hide();
    await write();
    this.redraw();
  }

  clear(): void {
    this.hide();
    this.#endWait();
    this.#text = '';
  }

  /** Yields the terminal to another program, which may prompt the user, until the returned function is called. */
  hold(): () => void {
    this.hide();
    this.#holds += 1;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#holdEnd = promise;
    let held = true;
    return () => {
      if (held) this.#holds -= 1;
      held = false;
      resolve();
      this.redraw();
    };
  }

  /** Erases the line until the next `redraw`. */
  hide(): void {
    if (this.#text !== '' && this.#holds === 0) this.#terminal?.write(ERASE_LINE);
  }

  redraw(): void {
    if (!this.#terminal || this.#text === '' || this.#holds > 0) return;
    // A line that wraps could not be erased. Keep the last column free, where some terminals wrap.
    const width = Math.max(20, (this.#terminal.columns || 80) - 1);
    this.#terminal.write(ERASE_LINE + this.#text.slice(0, width));
  }

  #printWaitLater(wait: string): void {
    if (wait === this.#currentWait) return;
    this.#endWait();
    this.#currentWait = wait;
    if (this.#printedWaits.has(wait)) return;
    this.#waitTimer = setTimeout(() => {
      this.#printedWaits.add(wait);
      this.#stream.write(`${this.#text}\n`);
    }, WAIT_PRINT_DELAY_MS);
    this.#waitTimer.unref();
  }

  #endWait(): void {
    clearTimeout(this.#waitTimer);
    this.#currentWait = '';
  }
}
