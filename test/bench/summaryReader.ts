import { renderSummary } from '../../src/reading/renderSummary.ts';
import { summarize } from '../../src/reading/summary.ts';

// What `kubectl netdebug summary FILE` does once its arguments are parsed.
const paths = process.argv.slice(2);
summarize([{ label: 'bench', paths }]).then((summary) => {
  for (const text of renderSummary(summary, paths)) process.stdout.write(text);
});
