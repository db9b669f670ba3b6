import type { WriteStream } from 'node:tty';

/** Erases the line the cursor is on and goes to its begin (ECMA-48 EL, CR). */
const ERASE_LINE = '\r\x1b[K';

/**
 * One line at the bottom of a terminal that is drawn over again and again. Says nothing where
 * standard error is no terminal.
 */
export class StatusLine {
  readonly #terminal: WriteStream | undefined;
  #text = '';

  constructor(stream: NodeJS.WriteStream = process.stderr) {
    this.#terminal = stream.isTTY ? stream : undefined;
  }

  show(text: string): void {
    this.#text = text;
    this.#draw();
  }

  /** Lets `write` print other lines above the status line. */
  async around(write: () => Promise<void>): Promise<void> {
    if (this.#text !== '') this.#terminal?.write(ERASE_LINE);
    await write();
    this.#draw();
  }

  clear(): void {
    if (this.#text !== '') this.#terminal?.write(ERASE_LINE);
    this.#text = '';
  }

  #draw(): void {
    if (!this.#terminal || this.#text === '') return;
    // A line that wraps could not be erased; the last column is left free, where some terminals wrap.
    const width = Math.max(20, (this.#terminal.columns || 80) - 1);
    this.#terminal.write(ERASE_LINE + this.#text.slice(0, width));
  }
}
