import { toYaml } from '../../output/yaml.ts';
import { versionInfo, versionText } from '../../version.ts';
import { command } from '../command.ts';
import { outputFlag } from '../flags/output.ts';

export const versionCommand = command({
  description:
    'Print the version of this program. JSON and YAML also have the commit and date of the build, and the platform.',
  flags: [{ title: 'Options', flags: { output: outputFlag(['json', 'yaml']) } }],
  run: async ({ flags }) => {
    process.stdout.write(textIn(flags.output));
    return 0;
  },
});

function textIn(format: 'json' | 'yaml' | undefined): string {
  if (format === 'json') return `${JSON.stringify(versionInfo(), null, 2)}\n`;
  return format === 'yaml' ? toYaml(versionInfo()) : `${versionText()}\n`;
}
