import bootScript from './boot.sh';

/** The command of an exec that runs the command given by `bootInput` on its standard input. */
export const BOOT_COMMAND: readonly string[] = ['sh', '-c', bootScript, 'boot'];

/**
 * What to write first to the standard input of BOOT_COMMAND to run a command. This way a command of any length fits
 * into the URL of an exec, and the command's own input can follow immediately.
 */
export function bootInput(words: readonly string[]): string {
  return [String(words.length), ...words].map((word) => `${oneLine(word)}\n`).join('');
}

/** In the form that `printf %b` decodes. */
function oneLine(word: string): string {
  return word.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}
