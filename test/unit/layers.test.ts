import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const SRC = join(import.meta.dirname, '..', '..', 'src');

/** From bottom to top; folders in one row do not import each other. */
const LAYERS: readonly (readonly string[])[] = [
  ['build.ts'],
  ['jsonObject.ts', 'nearest.ts', 'notice.ts', 'problem.ts', 'version.ts', 'shell.d.ts'],
  ['timing.ts'],
  ['output'],
  ['pcap', 'packets', 'filters'],
  ['kube', 'tools', 'transfer'],
  ['reading'],
  ['debugger'],
  ['capture', 'report', 'sockets', 'topology'],
  ['doctor', 'inventory'],
  ['cli'],
  ['main.ts'],
];

/** The same for the folders of capture; files next to the folders are below them. */
const CAPTURE_LAYERS: readonly (readonly string[])[] = [
  ['follower'],
  ['spool'],
  ['recorder', 'fetch'],
  ['sinks', 'ring', 'detached'],
  ['live'],
];

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => ({ name, text: readFileSync(join(SRC, name), 'utf8') }));

/** The folder, or the file at the top, to which a path within src belongs. */
function partOf(name: string): string {
  return name.split('/')[0] ?? '';
}

function rowOf(part: string): number {
  return LAYERS.findIndex((row) => row.includes(part));
}

interface Import {
  readonly path: string;
  /** For types only: nothing of it remains when the program runs. */
  readonly typeOnly: boolean;
}

/** The files within src that a file imports, statically or dynamically. */
function importsOf({ name, text }: { name: string; text: string }): Import[] {
  const imports = text.matchAll(
    /\b(?:import|export)( type)?\b[^;'"]*?\bfrom\s*'(\.[^']+)'|\bimport\(\s*'(\.[^']+)'/g,
  );
  return [...imports]
    .map(([, type, atStart, later]) => ({
      path: relative(SRC, resolve(SRC, dirname(name), atStart ?? later ?? '')),
      typeOnly: type !== undefined,
    }))
    .filter(({ path }) => !path.startsWith('..'));
}

describe('the layers of src', () => {
  it('contain every file', () => {
    expect(files.length).toBeGreaterThan(50);
    expect(files.map(({ name }) => name).filter((name) => rowOf(partOf(name)) < 0)).toEqual([]);
  });

  it('import downwards only', () => {
    const upward = files.flatMap((file) =>
      importsOf(file)
        .map(({ path }) => path)
        .filter((path) => partOf(path) !== partOf(file.name))
        .filter((path) => rowOf(partOf(path)) >= rowOf(partOf(file.name)))
        .map((path) => `${file.name} imports ${path}`),
    );
    expect(upward).toEqual([]);
  });

  it('import downwards only within capture, too', () => {
    const rowIn = (path: string) =>
      CAPTURE_LAYERS.findIndex((row) => row.includes(path.split('/')[1] ?? ''));
    const upward = files
      .filter(({ name }) => name.startsWith('capture/'))
      .flatMap((file) =>
        importsOf(file)
          .filter(({ path }) => path.startsWith('capture/'))
          .filter(({ path }) => path.split('/')[1] !== file.name.split('/')[1])
          .filter(({ path }) => rowIn(path) >= Math.max(0, rowIn(file.name)))
          .map(({ path }) => `${file.name} imports ${path}`),
      );
    expect(upward).toEqual([]);
  });

  it('are checked by this test with all their imports', () => {
    const all = files.flatMap((file) => importsOf(file).map(({ path }) => `${file.name} ${path}`));
    expect(all).toContain('main.ts cli/commandLine.ts');
    expect(all).toContain('cli/commandList.ts cli/commands/capture.ts');
    expect(all).toContain('capture/recorder/recorderProblems.ts kube/run.ts');
    expect(all).toContain('debugger/container.ts debugger/main.sh');
    expect(all.length).toBeGreaterThan(150);
  });

  it('form no import cycles, including types', () => {
    const known = new Map(
      files.map((file) => {
        return [file.name, importsOf(file).map(({ path }) => path)];
      }),
    );
    const circles: string[] = [];
    const done = new Set<string>();
    const visit = (name: string, path: readonly string[]) => {
      if (path.includes(name)) circles.push([...path.slice(path.indexOf(name)), name].join(' → '));
      if (done.has(name) || path.includes(name)) return;
      for (const next of known.get(name) ?? []) visit(next, [...path, name]);
      done.add(name);
    };
    for (const name of known.keys()) visit(name, []);
    expect(circles).toEqual([]);
  });

  it('export each name from one file only', () => {
    const exported =
      /^export (?:declare |abstract |async )*(?:class|const|enum|function\*?|interface|let|type) (\w+)/gm;
    // A function with overloads is exported several times by one file.
    const names = files.flatMap(({ name, text }) =>
      [...new Set([...text.matchAll(exported)].map(([, exportedName]) => exportedName))].map(
        (exportedName) => ({ exportedName, name }),
      ),
    );
    expect(names.length).toBeGreaterThan(1500);
    const twice = [...Map.groupBy(names, ({ exportedName }) => exportedName)]
      .filter(([, from]) => from.length > 1)
      .map(([exportedName, from]) => `${exportedName}: ${from.map(({ name }) => name).join(', ')}`);
    expect(twice).toEqual([]);
  });

  it('contain no file of more than 400 lines', () => {
    const long = files.filter(({ text }) => text.split('\n').length > 401);
    expect(long.map(({ name }) => name)).toEqual([]);
  });

  it('write to the terminal only in output and cli', () => {
    const writers = files
      .filter(({ text }) => /\bprocess\.(?:stdout|stderr)\b|\bconsole\./.test(text))
      .map(({ name }) => partOf(name));
    expect([...new Set(writers)].sort()).toEqual(['cli', 'main.ts', 'output']);
  });

  it('write to standard error only in cli/console.ts', () => {
    const users = files
      .filter(({ text }) => /\bprocess\.stderr\b/.test(text))
      .map(({ name }) => name);
    // One checks whether it is a terminal; the other reports errors that could not be caught anywhere else.
    expect(users.sort()).toEqual(['cli/console.ts', 'cli/localTerminal.ts', 'main.ts']);
  });
});
