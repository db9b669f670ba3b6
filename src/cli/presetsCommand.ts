import type { Argv, InferredOptionTypes } from 'yargs';
import { renderCaptureFilter } from '../filters/capture/captureFilter.ts';
import { COMMON_LIMITS, PRESETS, type Preset, presetsNamed } from '../filters/presets.ts';
import { print } from '../output/standardOutput.ts';
import { toYaml } from '../output/yaml.ts';
import type { Command } from './commandLine.ts';
import { examples } from './examples.ts';
import { PROGRAM_NAME } from './usageProblem.ts';
import { parseChoice } from './values.ts';

const FORMATS = ['text', 'json', 'yaml', 'name'] as const;

const OPTIONS = {
  output: { alias: 'o', type: 'string', requiresArg: true, describe: 'json, yaml or name' },
} as const;

type Flags = InferredOptionTypes<typeof OPTIONS> & { names?: string[] };

function options(parser: Argv): Argv<Flags> {
  return parser
    .usage(
      'Usage: $0 presets [NAME...] [flags]\n\n' +
        'Lists the presets of capture --preset: what each captures, the filter expression it\n' +
        'stands for, and what it misses. Several presets capture what any of them captures; an\n' +
        'expression after -- and --peer narrow that down.',
    )
    .positional('names', { type: 'string', array: true, describe: 'Only these presets' })
    .options(OPTIONS)
    .group(Object.keys(OPTIONS), 'Flags:')
    .epilogue(
      examples([
        ['presets', 'all presets'],
        ['presets tls-hello', 'one of them'],
        ['presets -o json', 'for a program'],
      ]),
    ) as unknown as Argv<Flags>;
}

async function run(flags: Flags): Promise<number> {
  const format = parseChoice('-o', flags.output ?? 'text', FORMATS);
  const names = flags.names ?? [];
  const presets = names.length === 0 ? PRESETS : presetsNamed(names);
  const facts = presets.map(factsOf);
  const text = {
    text: () => [...presets.map(block), ...limits()],
    json: () => [`${JSON.stringify(facts, undefined, 2)}\n`],
    yaml: () => [toYaml(facts)],
    name: () => presets.map(({ name }) => `${name}\n`),
  };
  await print(text[format]());
  return 0;
}

function factsOf({ name, captures, filter, misses, example }: Preset) {
  return {
    name,
    captures,
    expression: renderCaptureFilter(filter) ?? '',
    misses: [...misses, ...COMMON_LIMITS],
    example: `${PROGRAM_NAME} ${example}`,
  };
}

function block(preset: Preset): string {
  const { name, captures, expression, example } = factsOf(preset);
  return [
    `${name}: ${captures}`,
    `  filter:   ${expression}`,
    `  example:  ${example}`,
    ...preset.misses.map((text) => `  misses:   ${text}`),
    '\n',
  ].join('\n');
}

function limits(): string[] {
  return ['All presets miss:\n', ...COMMON_LIMITS.map((text) => `  ${text}\n`)];
}

export const presetsCommand: Command<Flags> = { options, run };
