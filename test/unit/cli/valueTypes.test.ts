import { describe, expect, it } from 'vitest';
import { parseTimeout } from '../../../src/cli/flags/requestTimeout.ts';
import { count, DURATION, NAMESPACE, oneOf, SIZE } from '../../../src/cli/flags/valueTypes.ts';
import { problemOf } from '../problemOf.ts';

describe('durations', () => {
  it.each([
    ['90', 90],
    ['90s', 90],
    ['60m', 3600],
    ['1h30m', 5400],
    ['1d', 86_400],
    ['0.5', 0.5],
    ['1.5h', 5400],
    ['30m1h', 5400],
    ['24d', 24 * 86_400],
  ])('%s', (text, seconds) => {
    expect(DURATION.parse(text)).toBe(seconds);
  });

  it.each([
    '',
    '0',
    '0s',
    '-1',
    '5ms',
    '1h 30m',
    'm',
    '1x',
    '1e3',
    ' 5',
    '5 ',
    'NaN',
    'Infinity',
    '0x10',
    '1h30',
  ])('%j is not a duration', (text) => {
    const problem = problemOf(() => DURATION.parse(text));
    expect(problem).toMatchObject({ kind: 'usage', exitCode: 2 });
  });

  it.each(['25d', '600h', '9'.repeat(400)])('%s exceeds the limit of timers', (text) => {
    expect(problemOf(() => DURATION.parse(text))).toMatchObject({
      kind: 'usage',
      message: expect.stringContaining('24d'),
    });
    expect(24 * 86_400 * 1000).toBeLessThan(2 ** 31);
  });
});

describe('sizes', () => {
  it.each([
    ['100', 100e6],
    ['100MB', 100e6],
    ['100mb', 100e6],
    ['64MiB', 64 * 1024 ** 2],
    ['1G', 1e9],
    ['1GiB', 1024 ** 3],
    ['1.5k', 1500],
    ['10 kB', 10_000],
    ['1b', 1],
    ['0.001', 1000],
  ])('%s', (text, bytes) => {
    expect(SIZE.parse(text)).toBe(bytes);
  });

  it.each([
    '',
    '0',
    '-1',
    '1T',
    'MB',
    '1e3',
    '1 MB x',
    '1constructor',
    '1__proto__',
    '0.1b',
    '10%',
  ])('%j is not a size', (text) => {
    const problem = problemOf(() => SIZE.parse(text));
    expect(problem).toMatchObject({ kind: 'usage', exitCode: 2 });
  });
});

describe('counts', () => {
  it('are whole numbers not below the minimum', () => {
    expect(count().parse('1')).toBe(1);
    expect(count().parse('0010')).toBe(10);
    expect(count(0).parse('0')).toBe(0);
  });

  it.each(['', '0', '-1', '1.5', '1e3', '0x10', ' 1', '1\n', '9'.repeat(20)])(
    '%j is not a count',
    (text) => {
      expect(problemOf(() => count().parse(text)).kind).toBe('usage');
    },
  );
});

it('matches choices literally', () => {
  expect(oneOf('FORMAT', ['json', 'yaml']).parse('json')).toBe('json');
  for (const text of ['JSON', '', 'js', 'toString'])
    expect(problemOf(() => oneOf('FORMAT', ['json', 'yaml']).parse(text))).toMatchObject({
      kind: 'usage',
      message: expect.stringContaining('json, yaml'),
    });
});

describe('--request-timeout, as in kubectl', () => {
  it.each([
    ['0', 0],
    ['5', 5000],
    ['5s', 5000],
    ['1m2.5s', 62_500],
    ['.5h', 1_800_000],
    ['1.s', 1000],
    ['100ms', 100],
    ['1ms1us1µs1ns', 1.002001],
  ])('%s', (text, milliseconds) => {
    expect(parseTimeout(text)).toBeCloseTo(milliseconds, 6);
  });

  it.each(['', '-5', '-5s', '5 s', '1d', 's', '1.5', '1h 2m', 'soon'])(
    '%j is not a timeout',
    (text) => {
      expect(() => parseTimeout(text)).toThrow(
        /^Invalid timeout value\. Timeout must be a single /,
      );
    },
  );
});

describe('namespaces', () => {
  it.each(['default', 'kube-system', 'a', '1st', ''])('%j', (name) => {
    expect(NAMESPACE.parse(name)).toBe(name);
  });

  it.each(['../kube-system', 'a/b', 'Shop', '-a', 'a-', 'a.b', 'a b', 'x'.repeat(64)])(
    'refuses %j before any request',
    (name) => {
      expect(problemOf(() => NAMESPACE.parse(name))).toMatchObject({ exitCode: 2 });
    },
  );
});
