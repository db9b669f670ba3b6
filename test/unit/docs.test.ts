import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeCompletionTable } from '../../scripts/packaging/completionTable.ts';
import { withUsage } from '../../scripts/packaging/usagePage.ts';

const root = join(import.meta.dirname, '..', '..');
const pages = ['README.md', ...globSync('docs/**/*.md', { cwd: root })].map((path) => ({
  path,
  text: readFileSync(join(root, path), 'utf8'),
}));
const usage = readFileSync(join(root, 'docs', 'usage.md'), 'utf8');
const picture = readFileSync(join(root, 'docs', 'terminal.svg'), 'utf8');

const contributing = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8');

/** The names that the given files of the repository export. */
function exportsOf(paths: readonly string[]): string[] {
  return paths.flatMap((path) =>
    [
      ...readFileSync(join(root, path), 'utf8').matchAll(
        /^export (?:async )?(?:function\*?|const|class|type|interface) (\w+)/gm,
      ),
    ].map(([, name = '']) => name),
  );
}

describe('the documentation', () => {
  it('lists every command and flag of the code', async () => {
    expect(await withUsage(usage), 'to update docs/usage.md, run: node scripts/usage.ts').toBe(
      usage,
    );
  });

  it('tells contributors only about existing code', () => {
    const [, example = ''] = /```ts\n( +import.*?)```/s.exec(contributing) ?? [];
    const imports = [...example.matchAll(/import \{ (.*?) \} from '(.*?)'/g)];
    expect(imports.length).toBeGreaterThan(2);
    for (const [, names = '', path = ''] of imports)
      expect(exportsOf([join('src/cli/commands', path)])).toEqual(
        expect.arrayContaining(names.split(', ')),
      );
    // A row of the table names functions and constants, and the files that export them.
    const rows = contributing.split('\n').filter((line) => /^\|.*`src\//.test(line));
    const types = /`(src\/cli\/flags\/valueTypes\.ts)`:.*?or your own type/s.exec(contributing) ?? [
      '',
    ];
    let checked = 0;
    for (const text of [...rows, types[0]]) {
      const code = [...text.matchAll(/`([^`]+)`/g)].map(([, span = '']) => span);
      const exported = exportsOf(code.filter((span) => span.startsWith('src/')));
      const named = code.flatMap(
        (span) => /^(?:const .* = await )?(\w+)(?:\(|$)/.exec(span)?.[1] ?? [],
      );
      expect(exported).toEqual(expect.arrayContaining(named));
      checked += named.length;
    }
    expect(checked).toBeGreaterThan(15);
    const paths = [...contributing.matchAll(/`((?:src|test|scripts|docs)\/[\w/.-]+)`/g)];
    const missing = paths.flatMap(([, path = '']) => (existsSync(join(root, path)) ? [] : path));
    expect(missing).toEqual(['src/cli/commands/hello.ts']);
  });

  it('mentions only existing commands and flags, also in its picture', async () => {
    const { commands } = await makeCompletionTable();
    const wrong: string[] = [];
    const typed = picture.match(/(?<=>)kubectl netdebug [^<]*/g) ?? [];
    expect(typed.length).toBeGreaterThan(1);
    const text = [...pages.map((page) => page.text), ...typed].join('\n');
    for (const [line, command = ''] of text.matchAll(
      /(?<=`|^)kubectl netdebug ([a-z]\w*)[^`\n]*/gm,
    )) {
      const entry = commands.find(({ name }) => name === command);
      if (!entry) wrong.push(line);
      const own = line.split(/ -- | \\?\| |#/)[0] ?? '';
      for (const [, flag] of own.matchAll(/ --([a-z-]+)/g))
        if (entry && !entry.flags.some(({ name }) => name === flag)) wrong.push(line);
    }
    expect(wrong).toEqual([]);
  });

  it('links only to existing files', () => {
    const links = pages.flatMap(({ path, text }) =>
      [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, link = '']) =>
        join(dirname(path), link),
      ),
    );
    expect(links.filter((path) => !existsSync(join(root, path)))).toEqual([]);
    expect(links.length).toBeGreaterThan(0);
  });

  it.each([
    ['ProblemKind', 'src/problem.ts'],
    ['NoticeKind', 'src/notice.ts'],
    ['EarlyEndKind', 'src/capture/earlyEnd.ts'],
  ])('lists each %s with its meaning', (name, path) => {
    const [, union = ''] =
      new RegExp(`export type ${name} =(.*?);\\n\\n`, 's').exec(
        readFileSync(join(root, path), 'utf8'),
      ) ?? [];
    const kinds = [...union.matchAll(/\/\*\*(.*?)\*\/\s+\| '([a-z-]+)'/gs)].map(
      ([, meaning = '', kind]) =>
        `| \`${kind}\` | ${meaning
          .replaceAll(/\n +\*/g, '')
          .trim()
          .replace(/\.$/, '')} |`,
    );
    expect(kinds.length).toBeGreaterThan(5);
    const page = readFileSync(join(root, 'docs/kinds.md'), 'utf8');
    expect(page).toContain(`|---|---|\n${kinds.join('\n')}\n`);
  });

  it.each([
    ['README.md', 180],
    ['docs/architecture.md', 150],
  ])('has a %s of at most %i lines', (name, limit) => {
    const page = pages.find(({ path }) => path === name)?.text ?? '';
    expect(page).not.toBe('');
    expect(page.trimEnd().split('\n').length).toBeLessThanOrEqual(limit);
  });

  it('explains only messages that the program prints', () => {
    const page = readFileSync(join(root, 'docs/troubleshooting.md'), 'utf8');
    const source = globSync('src/**/*.ts', { cwd: root })
      .map((path) => readFileSync(join(root, path), 'utf8'))
      .join('\n');
    const messages = [...page.matchAll(/^\| (`.*?) \|/gm)].flatMap(([, cell = '']) =>
      [...cell.matchAll(/`([^`]+)`/g)].flatMap(([, text = '']) => text.split(' … ')),
    );
    // These are texts of the API server.
    const fromServer = ['Error from server (Forbidden)', 'violates PodSecurity'];
    expect(messages.length).toBeGreaterThan(10);
    expect(messages.filter((text) => !source.includes(text) && !fromServer.includes(text))).toEqual(
      [],
    );
  });

  it('has a picture that loads quickly, and contains no paths of a machine', () => {
    // Out of date? npm run build && node_modules/.bin/node scripts/terminal-picture.ts
    expect(picture.length).toBeLessThan(30_000);
    expect(picture).not.toMatch(/\/(tmp|root|home)\b/);
  });
});
