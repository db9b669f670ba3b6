import { describe, expect, it } from 'vitest';
import type { FlagTable } from '../../../src/cli/flags/flag.ts';
import { anyText, count } from '../../../src/cli/flags/valueTypes.ts';
import { parseFlags } from '../../../src/cli/parseFlags.ts';
import { Problem } from '../../../src/problem.ts';

const TABLE = {
  write: { alias: 'w', value: anyText('FILE'), help: '' },
  interface: { alias: 'i', value: anyText('NAME'), help: '' },
  count: { alias: 'c', value: count(), help: '' },
  linger: { value: anyText('TIME'), default: '60s', help: '' },
  group: { value: anyText('NAME'), repeatable: true, help: '' },
  listening: { alias: 'l', help: '' },
  processes: { alias: 'p', help: '' },
  ipv4: { alias: '4', help: '' },
} as const satisfies FlagTable;

const NOTHING = {
  linger: '60s',
  group: [],
  listening: false,
  processes: false,
  ipv4: false,
};

/** The words of a line; `''` is the empty word. */
function words(line: string): string[] {
  return line.split(' ').map((word) => word.replace("''", ''));
}

describe('words are parsed as in kubectl:', () => {
  it.each<[string, object, string[]]>([
    ['x -w file', { write: 'file' }, ['x']],
    ['-wfile x', { write: 'file' }, ['x']],
    ['-w=file x', { write: 'file' }, ['x']],
    ['--write=file x', { write: 'file' }, ['x']],
    ['--write file x', { write: 'file' }, ['x']],
    ['-w - x', { write: '-' }, ['x']],
    ['-ieth0', { interface: 'eth0' }, []],
    ['-i4', { interface: '4' }, []],
    ['-lpweth0', { listening: true, processes: true, write: 'eth0' }, []],
    ['-4lp', { ipv4: true, listening: true, processes: true }, []],
    ['--write=a=b', { write: 'a=b' }, []],
    ["--write ''", { write: '' }, []],
    ['--write=', { write: '' }, []],
    ['--write=-w', { write: '-w' }, []],
    ['-i -x', { interface: '-x' }, []],
    ['-w a -w b', { write: 'b' }, []],
    ['--group a x --group=b y', { group: ['a', 'b'] }, ['x', 'y']],
    ['--group=', { group: [''] }, []],
    ['--group -x', { group: ['-x'] }, []],
    ['-c 0010', { count: 10 }, []],
    ['--linger 5s', { linger: '5s' }, []],
    ['-l yes', { listening: true }, ['yes']],
    ['--listening=false', { listening: false }, []],
    ['--listening false', { listening: true }, ['false']],
    ['-l=0', { listening: false }, []],
    ['-l --listening=T', { listening: true }, []],
    ['1 0x10 1e3 -', {}, ['1', '0x10', '1e3', '-']],
  ])('%s', (line, given, args) => {
    const parsed = parseFlags(TABLE, words(line));
    expect(parsed).toEqual({ flags: { ...NOTHING, ...given }, args, rest: undefined });
  });

  it('words after -- are unchanged', () => {
    expect(parseFlags(TABLE, words('x -- -w 3 -- --nope 04'))).toEqual({
      flags: NOTHING,
      args: ['x'],
      rest: ['-w', '3', '--', '--nope', '04'],
    });
    expect(parseFlags(TABLE, ['--']).rest).toEqual([]);
  });
});

describe('a usage error is', () => {
  it.each([
    ['-w', "flag needs an argument: 'w' in -w"],
    ['-lw', "flag needs an argument: 'w' in -lw"],
    ['--write', 'flag needs an argument: --write'],
    ['-w a -w', "flag needs an argument: 'w' in -w"],
    ['-i -w x', "flag needs an argument: 'i' in -i"],
    ['-i --write=x', "flag needs an argument: 'i' in -i"],
    ['-i -- x', "flag needs an argument: 'i' in -i"],
    ['--nope', 'unknown flag: --nope'],
    ['--nope=3', 'unknown flag: --nope'],
    ['--wri x', 'unknown flag: --wri'],
    ['--no-listening', 'unknown flag: --no-listening'],
    ['--write.x=3', 'unknown flag: --write.x'],
    ['---write', 'unknown flag: ---write'],
    ['--__proto__ x', 'unknown flag: --__proto__'],
    ['--constructor=x', 'unknown flag: --constructor'],
    ['--toString', 'unknown flag: --toString'],
    ['--=x', 'unknown flag: --'],
    ['-Z', "unknown shorthand flag: 'Z' in -Z"],
    ['-lZ', "unknown shorthand flag: 'Z' in -lZ"],
    ['-=x', "unknown shorthand flag: '=' in -=x"],
    ['--listening=maybe', 'invalid argument "maybe" for "-l, --listening" flag: must be true or '],
    ['-l=', 'invalid argument "" for "-l, --listening" flag: must be true or false'],
    ['-c many', 'invalid argument "many" for "-c, --count" flag: must be a whole number'],
    ['-cmany', 'invalid argument "many" for "-c, --count" flag: '],
    ['--count=', 'invalid argument "" for "-c, --count" flag: '],
    ['-c -3', 'invalid argument "-3" for "-c, --count" flag: '],
    ['-c x -c 1', 'invalid argument "x" for "-c, --count" flag: '],
    ['-c 1 -c x', 'invalid argument "x" for "-c, --count" flag: '],
  ])('%s', (line, message) => {
    const parse = () => parseFlags(TABLE, words(line));
    expect(parse).toThrow(Problem);
    expect(parse).toThrow(message);
  });
});
