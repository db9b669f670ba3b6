import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../../src/cli/commandList.ts';
import { commandHelp, programHelp } from '../../../src/cli/help.ts';
import { wrapParagraph } from '../../../src/cli/textLayout.ts';

const HELPS = await Promise.all([
  { name: '', help: programHelp(80) },
  ...COMMANDS.map(async ({ name, load }) => ({ name, help: commandHelp(name, await load(), 80) })),
]);

describe('help in 80 columns', () => {
  it.each(HELPS)('of "$name" fits, with its sections in order', ({ help }) => {
    const lines = help.split('\n');
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    expect(lines.filter((line) => /\s$/.test(line))).toEqual([]);
    expect(help).not.toMatch(/\n\n\n/);
    const headings = lines.filter((line) => /^\w.*:$/.test(line));
    expect(headings.at(-1)).toBe('Usage:');
    if (headings.includes('Examples:')) expect(headings[0]).toBe('Examples:');
  });

  it.each(HELPS)('of "$name" has no single word on the last line of a paragraph', ({ help }) => {
    const alone = help.split('\n').filter((line) => /^ {20,}\S+$/.test(line));
    expect(alone).toEqual([]);
  });
});

it('wraps paragraphs without a single word at the end', () => {
  expect(wrapParagraph('one two three four', 14)).toEqual(['one two', 'three four']);
  expect(wrapParagraph('one two', 14)).toEqual(['one two']);
  expect(wrapParagraph('anextremelylongword x', 10)).toEqual(['anextremelylongword', 'x']);
});
