import { afterEach, describe, expect, it, vi } from 'vitest';
import { makeCompletionTable } from '../../../scripts/packaging/completionTable.ts';
import { runCommandLine } from '../../../src/cli/commandLine.ts';

const { commands: COMMANDS } = await makeCompletionTable();

afterEach(() => {
  vi.restoreAllMocks();
});

/** Runs a command line that is wrong before any request. */
async function run(...args: string[]) {
  let stderr = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
    stderr += String(chunk);
    return true;
  });
  const code = await runCommandLine(args);
  return { code, stderr };
}

const ALL = COMMANDS.flatMap(({ name: command, flags }) =>
  flags.map((flag) => ({ command, ...flag })),
);
const WITH_VALUE = ALL.filter(({ takesValue }) => takesValue);
const SWITCHES = ALL.filter(({ takesValue, choices }) => !takesValue && choices === undefined);

describe('for every flag of every command', () => {
  it('covers all of them', () => {
    expect(COMMANDS.length).toBeGreaterThan(10);
    for (const { flags } of COMMANDS) expect(flags.length).toBeGreaterThan(15);
  });

  it.each(WITH_VALUE)('$command --$name without its value', async ({ command, name, alias }) => {
    const long = await run(command, 'x', `--${name}`);
    expect(long.stderr).toMatch(new RegExp(`^error: flag needs an argument: --${name}\n`));
    expect(long.stderr).toContain(`See 'kubectl netdebug ${command} --help' for usage.`);
    expect(long.code).toBe(2);
    if (alias === undefined) return;
    const short = await run(command, 'x', `-${alias}`);
    expect(short.stderr).toMatch(
      new RegExp(`^error: flag needs an argument: '${alias}' in -${alias}\n`),
    );
    expect(short.code).toBe(2);
  });

  it.each(SWITCHES.filter(({ name }) => name !== 'help'))(
    '$command --$name=maybe',
    async ({ command, name }) => {
      const { code, stderr } = await run(command, 'x', `--${name}=maybe`);
      expect(stderr).toMatch(/^error: invalid argument "maybe" for ".*" flag: must be true or /);
      expect(code).toBe(2);
    },
  );

  it.each(WITH_VALUE.filter(({ choices }) => choices))(
    '$command --$name=no-such',
    async ({ command, name }) => {
      const { code, stderr } = await run(command, 'x', `--${name}=no-such`);
      expect(stderr).toMatch(/^error: invalid argument "no-such" for ".*" flag: /);
      expect(code).toBe(2);
    },
  );
});

describe('for every command', () => {
  it.each(COMMANDS)('$name rejects unknown flags', async ({ name }) => {
    for (const [word, message] of [
      ['--no-such', 'unknown flag: --no-such'],
      ['--no-such=1', 'unknown flag: --no-such'],
      ['-Z', "unknown shorthand flag: 'Z' in -Z"],
    ] as const) {
      const { code, stderr } = await run(name, word);
      expect(stderr).toBe(
        `error: ${message}\n  See 'kubectl netdebug ${name} --help' for usage.\n`,
      );
      expect(code).toBe(2);
    }
  });

  it.each(COMMANDS)('$name --help prints the help, even with other errors', async ({ name }) => {
    const stdout = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    const { code, stderr } = await run(name, '--no-such', '-h', 'x');
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(String(stdout.mock.calls[0]?.[0])).toContain(`Usage:\n  kubectl netdebug ${name}`);
  });
});

describe('usage errors:', () => {
  it.each([
    [['capture', 'x', '-i', '-w', 'y'], "flag needs an argument: 'i' in -i"],
    [['capture'], 'TARGET or a selector is required'],
    [['ports', 'x', '--interval='], 'invalid argument "" for "--interval" flag'],
    [['captures', 'bogus'], 'invalid argument "bogus": must be one of: list, '],
    [['ps', 'x'], 'unexpected argument: x'],
    [['shell'], 'TARGET is required'],
    [['doctor', 'a', 'b'], 'unexpected argument: b'],
    [['completion'], 'one of bash, '],
    [['completion', 'tcsh'], 'invalid argument "tcsh": must be one of: bash, '],
    [['extcap'], 'one of install, uninstall is required'],
    [['version', 'x'], 'unexpected argument: x'],
    [['version', '--', 'x'], 'unexpected arguments after --: x'],
    [['nonsense'], 'unknown command "nonsense" for "kubectl netdebug"'],
    [['help', 'nonsense'], 'unknown command "nonsense"'],
    [['--nonsense'], 'unknown flag: --nonsense'],
    [['--nonsense', 'capture', 'x'], 'unknown flag: --nonsense'],
    [['-n'], "flag needs an argument: 'n' in -n"],
    [['-n', 'capture'], 'a command is required'],
    [['--namespace'], 'flag needs an argument: --namespace'],
    [['--', 'capture'], 'a command is required'],
    [['capture', 'x', '--request-timeout', 'soon'], 'Invalid timeout value'],
  ])('%j', async (args, message) => {
    const { code, stderr } = await run(...args);
    expect(stderr).toContain(`error: ${message}`);
    expect(code).toBe(2);
  });

  it('suggests similar names for an unknown command', async () => {
    const { stderr } = await run('captur', 'x');
    expect(stderr).toContain('Did you mean capture or captures?');
  });
});

describe('a flag that has no effect', () => {
  it.each([
    ['captures list -w x', 'captures list does not take -w'],
    ['captures list --flush', '--flush is for captures fetch'],
    ['captures stop tuesday --force', '--force is for captures fetch and captures follow'],
    ['captures rm tuesday -A', '-A is for captures list'],
    ['captures fetch tuesday --all', '--all is for captures list'],
    ['captures fetch tuesday -o json', 'captures fetch does not take -o'],
    ['captures read tuesday --verify sha256', '--verify is for captures fetch'],
    ['captures summary tuesday -o wide', 'use -o json or -o yaml'],
    ['ports pod-1 -c web', '-c requires -p'],
    ['ports pod-1 --interval 3s', '--interval requires --watch'],
    ['capture pod-1 --stream --linger 5m -w x.pcap', '--stream and --linger cannot be combined'],
  ])('is rejected: %s', async (line, text) => {
    const { code, stderr } = await run(...line.split(' '));
    expect(stderr).toContain(text);
    expect(code).toBe(2);
  });
});

describe('a common mistake', () => {
  it.each([
    ['shell pod-1 ls /tmp', 'put COMMAND after --, for example: shell pod-1 -- ls /tmp'],
    ['ports pod-1 -l app=web', 'use --selector app=web'],
    ['capture Pod-1', 'a name has lower case letters'],
    ['capture pod-1 -s https://10.0.0.1', 'choose the API server with --server'],
  ])('is explained: %s', async (line, text) => {
    const { code, stderr } = await run(...line.split(' '));
    expect(stderr).toContain(text);
    expect(code).toBe(2);
  });

  it('is explained before anything starts: a file instead of a folder', async () => {
    const { code, stderr } = await run('capture', 'x', '-C', '5', '-w', import.meta.filename);
    expect(stderr).toMatch(/usageErrors.test.ts is not a folder\n {2}.*-w FOLDER/);
    expect(code).toBe(1);
  });
});
