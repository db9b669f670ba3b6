import type { TerminalSize } from '../kube/exec.ts';

/** Whether the user is at a terminal with all three streams, so that a program there can have one. */
export function hasTerminal(): boolean {
  return [process.stdin, process.stdout, process.stderr].every(({ isTTY }) => isTTY);
}

export function terminalSize(): TerminalSize {
  const { columns = 80, rows = 24 } = process.stdout;
  return { columns, rows };
}

/**
 * Passes every key to the reader of standard input, Ctrl-C too, and reports new sizes. The result puts
 * the terminal back as it was, which our exit does as well.
 */
export function openTerminal(onResize: (size: TerminalSize) => void): () => void {
  const tell = () => onResize(terminalSize());
  const restore = () => {
    process.stdout.off('resize', tell);
    process.off('exit', restore);
    process.stdin.setRawMode(false);
  };
  process.on('exit', restore);
  process.stdout.on('resize', tell);
  process.stdin.setRawMode(true);
  // It may have changed since it was first sent.
  tell();
  return restore;
}
