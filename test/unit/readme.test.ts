import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeCompletionTable } from '../../scripts/packaging/completionTable.ts';
import { withFlagTable } from '../../scripts/packaging/flagTable.ts';

const root = join(import.meta.dirname, '..', '..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');

describe('the README', () => {
  it('has the flags that the code has', async () => {
    // Out of date? node_modules/.bin/node scripts/readme.ts
    expect(await withFlagTable(readme)).toBe(readme);
  });

  it('names commands and flags that there are', async () => {
    const table = await makeCompletionTable();
    const wrong: string[] = [];
    for (const [line, command = ''] of readme.matchAll(/kubectl netdebug (\w+)[^`\n]*/g)) {
      const entry = table.find(({ name }) => name === command);
      if (!entry) wrong.push(line);
      const own = line.split(/ -- | \\?\| |#/)[0] ?? '';
      for (const [, flag] of own.matchAll(/ --([a-z-]+)/g))
        if (entry && !entry.flags.some(({ name }) => name === flag)) wrong.push(line);
    }
    expect(wrong).toEqual([]);
  });

  it('links to files that there are', () => {
    const links = [...readme.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, path = '']) => path);
    expect(links.filter((path) => !existsSync(join(root, path)))).toEqual([]);
    expect(links.length).toBeGreaterThan(0);
  });
});
