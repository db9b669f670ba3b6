import bootScript from './boot.sh';

/** The command of an exec that runs whatever `bootInput` gives it on its standard input. */
export const BOOT_COMMAND: readonly string[] = ['sh', '-c', bootScript, 'boot'];

/**
 * What must come first on the standard input of BOOT_COMMAND, so that it runs a command. In this way a command of any
 * length fits into the URL of an exec, in the same go as whatever the command itself is to read.
 */
export function bootInput(words: readonly string[]): string {
  return [String(words.length), ...words].map((word) => `${oneLine(word)}\n`).join('');
}

/** As `printf %b` reads it back. */
function oneLine(word: string): string {
  return word.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}
