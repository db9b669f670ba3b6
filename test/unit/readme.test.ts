import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeCompletionTable } from '../../scripts/packaging/completionTable.ts';
import { withFlagTable } from '../../scripts/packaging/flagTable.ts';

const root = join(import.meta.dirname, '..', '..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const picture = readFileSync(join(root, 'docs', 'terminal.svg'), 'utf8');

describe('the README', () => {
  it('has the flags that the code has', async () => {
    // Out of date? node_modules/.bin/node scripts/readme.ts
    expect(await withFlagTable(readme)).toBe(readme);
  });

  it('names commands and flags that there are, in its picture too', async () => {
    const table = await makeCompletionTable();
    const wrong: string[] = [];
    const typed = picture.match(/(?<=>)kubectl netdebug [^<]*/g) ?? [];
    expect(typed.length).toBeGreaterThan(1);
    const text = [readme, ...typed].join('\n');
    for (const [line, command = ''] of text.matchAll(/kubectl netdebug (\w+)[^`\n]*/g)) {
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

  it('has a picture that is quickly loaded, and names no machine', () => {
    // Out of date? npm run build && node_modules/.bin/node scripts/terminal-picture.ts
    expect(picture.length).toBeLessThan(30_000);
    expect(picture).not.toMatch(/\/(tmp|root|home)\b/);
  });
});
