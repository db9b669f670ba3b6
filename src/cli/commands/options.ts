import { command } from '../command.ts';
import { COMMON_FLAGS } from '../flags/common.ts';
import type { Flag } from '../flags/flag.ts';

export const optionsCommand = command({
  description: 'List the options that apply to all commands.',
  flags: [],
  run: async () => {
    process.stdout.write(optionsText());
    return 0;
  },
});

/** The options, in the layout of `kubectl options`. */
function optionsText(): string {
  const flags = Object.entries(COMMON_FLAGS).map(
    ([name, flag]) => `    ${optionUsage(name, flag)}:\n\t${flag.help}\n`,
  );
  return `The following options can be passed to any command:\n\n${flags.join('\n')}`;
}

/** A flag with its default value, in Go's format. */
function optionUsage(name: string, flag: Flag): string {
  const short = flag.alias === undefined ? '' : `-${flag.alias}, `;
  const value = flag.value ? (flag.repeatable ? '[]' : "''") : 'false';
  return `${short}--${name}=${value}`;
}
