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
  return `${words.length}\n${[code, ...words].map(withSize).join('')}end\n`;
}

/** Text as `receive` in boot.sh reads it. */
function withSize(text: string): string {
  return `${Buffer.byteLength(text) + 1} ${text.split('\n').length}\n${text}\n`;
}
