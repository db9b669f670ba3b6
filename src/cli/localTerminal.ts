import type { TerminalSize } from '../kube/exec.ts';

/** Whether all three streams are connected to the user's terminal, so that a remote program can have one. */
export function hasTerminal(): boolean {
  return [process.stdin, process.stdout, process.stderr].every(({ isTTY }) => isTTY);
}

export function terminalSize(): TerminalSize {
  const { columns = 80, rows = 24 } = process.stdout;
  return { columns, rows };
}

/**
 * Passes every key to the reader of standard input, including Ctrl-C, and reports changes of the size. The returned
 * function restores the terminal. Exiting the process restores it too.
 */
export function openTerminal(onResize: (size: TerminalSize) => void): () => void {
  const reportSize = () => onResize(terminalSize());
  const restore = () => {
    process.stdout.off('resize', reportSize);
    process.off('exit', restore);
    process.stdin.setRawMode(false);
  };
  process.on('exit', restore);
  process.stdout.on('resize', reportSize);
  process.stdin.setRawMode(true);
  // The size may have changed since it was first sent.
  reportSize();
  return restore;
}
