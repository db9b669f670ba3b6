// Writes docs/performance.md from the results in test/bench/results. Create those with: npm run bench -- PART --json
// FILE
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Results } from '../test/bench/results.ts';
import { performancePage } from './performancePage.ts';

const root = join(import.meta.dirname, '..');
const folder = join(root, 'test', 'bench', 'results');
const results = readdirSync(folder)
  .filter((file) => file.endsWith('.json'))
  .sort()
  .map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as Results);
writeFileSync(join(root, 'docs', 'performance.md'), performancePage(results));
