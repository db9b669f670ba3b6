import bootScript from './boot.sh';

/** The command of an exec that runs the code given by `bootInput` on its standard input. */
export const BOOT_COMMAND: readonly string[] = ['sh', '-c', bootScript, 'boot'];

/** The code that runs its positional parameters as a command. */
export const RUN_WORDS = 'exec "$@"';

/**
 * What to write first to the standard input of BOOT_COMMAND to run shell code with these positional parameters. This
 * way code and words of any length fit into the URL of an exec, and the code's own input can follow immediately.
 */
export function bootInput(code: string, words: readonly string[]): string {
  const text = `set -- ${words.map(quoted).join(' ')}\n${code}\n`;
  const lines = text.split('\n').length - 1;
  return `${Buffer.byteLength(text)} ${lines}\n${text}end\n`;
}

/** A word as the shell reads it: nothing within single quotes has a meaning. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
