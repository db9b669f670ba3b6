import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { toYaml } from '../../../src/output/yaml.ts';

describe('toYaml', () => {
  it('writes as kubectl does', () => {
    const value = {
      kind: 'SocketList',
      items: [
        { local: { address: '10.0.0.1', port: 80 }, uid: undefined, processes: [] },
        { local: { address: '::', port: 0 }, processes: [{ pid: 7, name: 'my app' }], empty: {} },
      ],
    };
    expect(toYaml(value)).toBe(
      `kind: SocketList
items:
- local:
    address: 10.0.0.1
    port: 80
  processes: []
- local:
    address: "::"
    port: 0
  processes:
  - pid: 7
    name: my app
  empty: {}
`,
    );
  });

  it.each([
    [
      '',
      'on',
      'No',
      'NULL',
      '~',
      'y',
      '1',
      '1.5',
      '1e3',
      '0x10',
      '0o7',
      '.inf',
      '1:30',
      '2025-01-01',
    ],
    [
      '- a',
      '# a',
      'a: b',
      'a #b',
      'a:',
      ' a',
      'a ',
      '@a',
      '*',
      '&a',
      '!a',
      '[::]',
      '{',
      '%',
      "'",
      '"',
    ],
    [
      'a\nb',
      'a\tb',
      '\x1b[2J',
      '\x7f\x9b',
      '\u202e',
      '\ufeff',
      '日本',
      '\u{1f600}',
      '\\',
      '---',
      '...',
    ],
    [0, -1.5, true, false, null, [], {}, [[], [1, [2, 3]]], { 'a b': { on: 1 }, '': '' }],
  ])('is read back unchanged: %j', (...values) => {
    expect(load(toYaml(values))).toEqual(values);
    expect(load(toYaml({ values }))).toEqual({ values });
    for (const value of values) {
      expect(load(toYaml(value))).toEqual(value);
    }
  });

  it('escapes everything that could act on a terminal', () => {
    expect(toYaml('\x1b\x9b\u202e')).toBe('"\\u001b\\u009b\\u202e"\n');
  });
});
