import { renderDocument } from '../../output/renderDocument.ts';
import { versionInfo, versionText } from '../../version.ts';
import { command } from '../command.ts';
import { outputFlag } from '../flags/output.ts';

export const versionCommand = command({
  description:
    'Print the version of this program. JSON and YAML also have the commit and date of the build, and the platform.',
  flags: [{ title: 'Options', flags: { output: outputFlag(['json', 'yaml']) } }],
  run: async ({ flags }) => {
    const { output } = flags;
    process.stdout.write(output ? renderDocument(versionInfo(), output) : `${versionText()}\n`);
    return 0;
  },
});
