import { renderSummary } from '../../src/reading/renderSummary.ts';
import { summarize } from '../../src/reading/summary.ts';

// The work of `kubectl netdebug summary FILE` after its arguments are parsed. FILE may be -.
const [path = ''] = process.argv.slice(2);
const source =
  path === '-'
    ? { label: 'bench', paths: [], stream: process.stdin }
    : { label: 'bench', paths: [path] };
summarize([source]).then((summary) => {
  for (const text of renderSummary(summary, [path])) process.stdout.write(text);
});
