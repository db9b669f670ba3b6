import { describe, expect, it } from 'vitest';
import {
  terminalSafe,
  terminalSafeJson,
  terminalSafeLines,
} from '../../../src/output/terminalSafe.ts';

describe('terminalSafe', () => {
  it.each([
    ['nginx: worker', 'nginx: worker'],
    ['naïve 日本', 'naïve 日本'],
    ['\x1b[31mred', '\\x1b[31mred'],
    ['a\nb\tc\r', 'a\\x0ab\\x09c\\x0d'],
    ['\x7f\x9b31m', '\\x7f\\x9b31m'],
    ['gpj.\u202etxt', 'gpj.\\u202etxt'],
    ['a\u200bb\ufeff', 'a\\u200bb\\ufeff'],
    ['\u{e0041}', '\\u{e0041}'],
    ['\ud800', '\\ud800'],
  ])('shows %j as %j', (text, shown) => {
    expect(terminalSafe(text)).toBe(shown);
  });

  it('keeps line breaks and tabs in text of several lines', () => {
    expect(terminalSafeLines('a\n\tb\x1b[2J\n')).toBe('a\n\tb\\x1b[2J\n');
  });

  it('escapes in JSON what JSON.stringify does not, without changing the meaning', () => {
    const value = { name: 'x\x1b\x7f\x9b\u202e\u2028\u{e0041}日本' };
    const json = terminalSafeJson(JSON.stringify(value, null, 2));
    expect(json).toBe('{\n  "name": "x\\u001b\\u007f\\u009b\\u202e\\u2028\\udb40\\udc41日本"\n}');
    expect(JSON.parse(json)).toEqual(value);
  });
});
