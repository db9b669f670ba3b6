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
  const parts = [code, ...words];
  const separator = SEPARATORS.find((character) => !parts.some((part) => part.includes(character)));
  if (separator === undefined) throw new Error('a command contains every control character');
  const text = `${parts.map((part) => part + separator).join('')}\n`;
  const lines = text.split('\n').length - 1;
  return `${Buffer.byteLength(text)} ${lines} ${separator}\n${text}end\n`;
}

/** ASCII's separators, and then the control characters that no shell treats as white space. */
const SEPARATORS: readonly string[] = [
  ...['\x1f', '\x1e', '\x1d', '\x1c'],
  ...Array.from({ length: 0x1c - 0x0e }, (_, index) => String.fromCharCode(0x0e + index)),
  ...Array.from({ length: 8 }, (_, index) => String.fromCharCode(1 + index)),
];
