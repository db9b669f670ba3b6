import { renderCaptureFilter } from '../../filters/capture/captureFilter.ts';
import { COMMON_LIMITS, findPresets, PRESETS, type Preset } from '../../filters/presets.ts';
import { renderDocument } from '../../output/renderDocument.ts';
import { print } from '../../output/standardOutput.ts';
import { command } from '../command.ts';
import { outputFlag } from '../flags/output.ts';
import { PROGRAM_NAME } from '../usageErrors.ts';

export const presetsCommand = command({
  description:
    'List the presets of capture --preset: what each captures, the filter expression it stands for, and what it misses.\n\n' +
    'With several presets, packets that match any of them are captured. An expression after -- and --peer narrow this down.',
  examples: [
    ['presets', 'List all presets'],
    ['presets tls-hello', 'Show one of them'],
    ['presets -o json', 'Print all presets as JSON'],
  ],
  arguments: [{ name: 'NAME', variadic: true, choices: PRESETS.map(({ name }) => name) }],
  flags: [{ title: 'Options', flags: { output: outputFlag(['json', 'yaml', 'name']) } }],
  run: async ({ flags, args }) => {
    const presets = args.length === 0 ? PRESETS : findPresets(args);
    const facts = presets.map(presetFacts);
    const text = {
      text: () => [...presets.map(presetText), ...commonLimits()],
      json: () => [renderDocument(facts, 'json')],
      yaml: () => [renderDocument(facts, 'yaml')],
      name: () => presets.map(({ name }) => `${name}\n`),
    };
    await print(text[flags.output ?? 'text']());
    return 0;
  },
});

function presetFacts({ name, captures, filter, misses, example }: Preset) {
  return {
    name,
    captures,
    expression: renderCaptureFilter(filter) ?? '',
    misses: [...misses, ...COMMON_LIMITS],
    example: `${PROGRAM_NAME} ${example}`,
  };
}

function presetText(preset: Preset): string {
  const { name, captures, expression, example } = presetFacts(preset);
  return [
    `${name}: ${captures}`,
    `  filter:   ${expression}`,
    `  example:  ${example}`,
    ...preset.misses.map((text) => `  misses:   ${text}`),
    '\n',
  ].join('\n');
}

function commonLimits(): string[] {
  return ['All presets miss:\n', ...COMMON_LIMITS.map((text) => `  ${text}\n`)];
}
