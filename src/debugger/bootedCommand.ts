import bootScript from './boot.sh';

/** A command for exec, and what must come first on its standard input. */
export interface BootedCommand {
  readonly command: readonly string[];
  readonly input: string;
}

/**
 * Makes a command of any length fit into the URL of an exec: its words travel on standard input
 * (see boot.sh), in the same go as whatever the command itself is to read.
 */
export function bootedCommand(words: readonly string[]): BootedCommand {
  return {
    command: ['sh', '-c', bootScript, 'boot', String(words.length)],
    input: words.map((word) => `${oneLine(word)}\n`).join(''),
  };
}

/** As `printf %b` reads it back. */
function oneLine(word: string): string {
  return word.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}
