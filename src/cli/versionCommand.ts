import type { Argv } from 'yargs';
import { toYaml } from '../output/yaml.ts';
import { versionInfo, versionText } from '../version.ts';
import type { Command } from './commandLine.ts';
import { parseChoice } from './values.ts';

interface Flags {
  readonly output?: string | undefined;
}

function options(parser: Argv): Argv<Flags> {
  return parser.usage('Usage: $0 version [flags]').option('output', {
    alias: 'o',
    type: 'string',
    requiresArg: true,
    describe: 'json or yaml: with the commit and date of the build, and the platform',
  });
}

async function run({ output }: Flags): Promise<number> {
  const format = parseChoice('-o', output ?? 'text', ['text', 'json', 'yaml'] as const);
  const text = {
    text: () => `${versionText()}\n`,
    json: () => `${JSON.stringify(versionInfo(), null, 2)}\n`,
    yaml: () => toYaml(versionInfo()),
  };
  process.stdout.write(text[format]());
  return 0;
}

export const versionCommand: Command<Flags> = { options, run };
