import { KUBECTL_FLAGS } from '../../src/cli/kubectlFlags.ts';
import { makeCompletionTable } from './completionTable.ts';

const BEGIN = '<!-- made by: node_modules/.bin/node scripts/readme.ts -->\n';
const END = '<!-- end -->\n';

/** A text with the table of every command's own flags between the two marks, in place of what is there. */
export async function withFlagTable(text: string): Promise<string> {
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END);
  if (begin < 0 || end < begin) throw new Error('the marks of the flag table are missing');
  return text.slice(0, begin + BEGIN.length) + (await flagTable()) + text.slice(end);
}

async function flagTable(): Promise<string> {
  const connection = new Set<string>(KUBECTL_FLAGS.map(({ name }) => name));
  const rows = new Map<string, { cell: string; commands: string[] }>();
  for (const { name: command, flags } of await makeCompletionTable())
    for (const { name, alias, describe } of flags) {
      if (connection.has(name) || name === 'help') continue;
      const flag = `${alias === undefined ? '' : `\`-${alias}\`, `}\`--${name}\``;
      const cell = `| ${flag} | ${describe.replaceAll('|', '\\|')} |`;
      const row = rows.get(cell) ?? { cell, commands: [] };
      rows.set(cell, { cell, commands: [...row.commands, command] });
    }
  const lines = [...rows.values()].map(({ cell, commands }) => `| ${commands.join(', ')} ${cell}`);
  return ['| command | flag | |', '|---|---|---|', ...lines, ''].join('\n');
}
