import type { WriteStream } from 'node:tty';

/** Erases the line the cursor is on and goes to its begin (ECMA-48 EL, CR). */
const ERASE_LINE = '\r\x1b[K';

/**
 * One line at the bottom of a terminal that is drawn again and again. It shows nothing if the stream is
 * not a terminal.
 */
export class StatusLine {
  readonly #terminal: WriteStream | undefined;
  #text = '';

  constructor(stream: NodeJS.WriteStream) {
    this.#terminal = stream.isTTY ? stream : undefined;
  }

  show(text: string): void {
    this.#text = text;
    this.redraw();
  }

  /** Lets `write` print other lines above the status line. */
  async around(write: () => Promise<void>): Promise<void> {
    this.hide();
    await write();
    this.redraw();
  }

  clear(): void {
    this.hide();
    this.#text = '';
  }

  /** Erases the line until `redraw`. */
  hide(): void {
    if (this.#text !== '') this.#terminal?.write(ERASE_LINE);
  }

  redraw(): void {
    if (!this.#terminal || this.#text === '') return;
    // A line that wraps could not be erased; the last column is left free, where some terminals wrap.
    const width = Math.max(20, (this.#terminal.columns || 80) - 1);
    this.#terminal.write(ERASE_LINE + this.#text.slice(0, width));
  }
}
