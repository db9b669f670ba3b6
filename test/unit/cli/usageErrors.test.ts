import { afterEach, expect, it, vi } from 'vitest';
import { makeCompletionTable } from '../../../scripts/packaging/completionTable.ts';
import { runCommandLine } from '../../../src/cli/commandLine.ts';

const TABLE = await makeCompletionTable();

afterEach(() => {
  vi.restoreAllMocks();
});

/** Runs a command line that is wrong before any cluster is asked. */
async function run(...args: string[]) {
  let stderr = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
    stderr += String(chunk);
    return true;
  });
  const code = await runCommandLine(args);
  return { code, stderr };
}

/** Arguments with which a command can be parsed. */
const TARGETS: Readonly<Record<string, readonly string[]>> = {
  shell: ['pod-1'],
  extcap: ['install'],
};

const VALUE_FLAGS = TABLE.flatMap(({ name: command, flags }) =>
  flags.filter(({ takesValue }) => takesValue).map((flag) => ({ command, ...flag })),
);

it('covers flags of most commands', () => {
  expect(new Set(VALUE_FLAGS.map(({ command }) => command)).size).toBeGreaterThanOrEqual(9);
});

it.each(VALUE_FLAGS)('$command --$name without its value is a usage error', async (flag) => {
  const { command, name, alias } = flag;
  const words = [command, ...(TARGETS[command] ?? [])];
  const long = await run(...words, `--${name}`);
  expect(long.stderr).toMatch(new RegExp(`^error: flag needs an argument: --${name}\n`));
  expect(long.code).toBe(2);
  if (alias === undefined) return;
  const short = await run(...words, `-${alias}`);
  expect(short.stderr).toMatch(
    new RegExp(`^error: flag needs an argument: '${alias}' in -${alias}\n`),
  );
  expect(short.code).toBe(2);
});

it.each([
  ['capture', 'pod-1', '--no-such'],
  ['capture', 'pod-1', '--no-such=1'],
  ['capture', 'pod-1', '-Z'],
  ['capture', 'pod-1', '--no-force'],
  ['capture', 'pod-1', '-c', 'many'],
  ['capture', 'pod-1', '-c='],
  ['capture', 'pod-1', '-w', 'x', '-w'],
  ['capture', 'pod-1', '-i', '-w', 'x'],
  ['capture'],
  ['ports', 'pod-1', '-o', 'xml'],
  ['ports', 'pod-1', '--interval='],
  ['captures', 'bogus'],
  ['ps', 'pod-1'],
  ['shell'],
  ['doctor', 'a', 'b'],
  ['completion'],
  ['completion', 'tcsh'],
  ['extcap'],
  ['version', 'x'],
  ['nonsense'],
  ['--nonsense'],
  ['-n'],
  ['--namespace'],
])('%j is a usage error', async (...args) => {
  const { code, stderr } = await run(...args);
  expect(stderr).toMatch(/^error: /);
  expect(stderr).not.toMatch(/fault in kubectl netdebug itself/);
  expect(code).toBe(2);
});
