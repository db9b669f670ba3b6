import type { WriteStream } from 'node:tty';
import { terminalSafe } from './terminalSafe.ts';

/** Erases the line the cursor is on and goes to its begin (ECMA-48 EL, CR). */
const ERASE_LINE = '\r\x1b[K';

/** Without a terminal, a shorter wait is not worth a line. */
const WAIT_TOLD_MS = 1_000;

/**
 * One line at the bottom of a terminal that is drawn again and again. Where the stream is not a terminal, it
 * shows no progress, and of waits those that last.
 */
export class StatusLine {
  readonly #stream: NodeJS.WriteStream;
  readonly #terminal: WriteStream | undefined;
  readonly #told = new Set<string>();
  #text = '';
  #holds = 0;
  #printsWaits = true;
  #released = Promise.resolve();
  #telling: NodeJS.Timeout | undefined;
  #waiting = '';

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
    this.#terminal = stream.isTTY ? stream : undefined;
  }

  /** Whether another program uses the terminal. */
  get isHeld(): boolean {
    return this.#holds > 0;
  }

  /** Whether it has anything to show. */
  get isBusy(): boolean {
    return this.#text !== '';
  }

  /** Shows progress; on a terminal only. */
  show(text: string): void {
    this.#endWait();
    this.#text = terminalSafe(text);
    this.redraw();
  }

  /**
   * Shows what is being waited for. Without a terminal it is printed as a line of its own when the wait lasts
   * over a second; of waits that differ only in their numbers, the first. The function that it gives removes
   * it if nothing else is shown meanwhile.
   */
  wait(text: string): () => void {
    const shown = terminalSafe(text);
    this.#text = shown;
    this.redraw();
    if (!this.#terminal && this.#printsWaits) this.#tellOfWait(shown.replace(/\d+/g, '#'));
    return () => {
      if (this.#text === shown) this.clear();
    };
  }

  /** Prints no waits without a terminal: the stream belongs to another program. */
  onTerminalOnly(): void {
    this.#printsWaits = false;
  }

  /** Lets `write` print other lines above the status line. */
  async around(write: () => Promise<void>): Promise<void> {
    while (this.isHeld) await this.#released;
    this.hide();
    await write();
    this.redraw();
  }

  clear(): void {
    this.hide();
    this.#endWait();
    this.#text = '';
  }

  /** Leaves the terminal to another program, which may ask the user something, until the returned function is called. */
  hold(): () => void {
    this.hide();
    this.#holds += 1;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#released = promise;
    let held = true;
    return () => {
      if (held) this.#holds -= 1;
      held = false;
      resolve();
      this.redraw();
    };
  }

  /** Erases the line until `redraw`. */
  hide(): void {
    if (this.#text !== '' && this.#holds === 0) this.#terminal?.write(ERASE_LINE);
  }

  redraw(): void {
    if (!this.#terminal || this.#text === '' || this.#holds > 0) return;
    // A line that wraps could not be erased; the last column is left free, where some terminals wrap.
    const width = Math.max(20, (this.#terminal.columns || 80) - 1);
    this.#terminal.write(ERASE_LINE + this.#text.slice(0, width));
  }

  #tellOfWait(wait: string): void {
    if (wait === this.#waiting) return;
    this.#endWait();
    this.#waiting = wait;
    if (this.#told.has(wait)) return;
    this.#telling = setTimeout(() => {
      this.#told.add(wait);
      this.#stream.write(`${this.#text}\n`);
    }, WAIT_TOLD_MS);
    this.#telling.unref();
  }

  #endWait(): void {
    clearTimeout(this.#telling);
    this.#waiting = '';
  }
}
