import { afterEach, describe, expect, it, vi } from 'vitest';
import { Interrupted } from '../../../src/cli/interruption.ts';
import { reportError } from '../../../src/cli/reportError.ts';
import { ApiError } from '../../../src/kube/apiError.ts';
import { Problem, wrongUsage } from '../../../src/problem.ts';

function reported(error: unknown): { code: number; text: string } {
  let text = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
    text += String(chunk);
    return true;
  });
  const code = reportError(error);
  return { code, text };
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('report', () => {
  it.each<[unknown, number, string]>([
    [
      new Problem('it broke', { kind: 'failed', next: ['try this', 'or that'] }),
      1,
      'error: it broke\n  try this\n  or that\n',
    ],
    [wrongUsage('no such flag'), 2, 'error: no such flag\n'],
    [new ApiError(403, 'Forbidden', 'no'), 1, 'Error from server (Forbidden): no\n'],
    [
      new Problem('Unable to connect to the server: x', { kind: 'unreachable' }),
      1,
      'Unable to connect to the server: x\n',
    ],
    [
      new Problem(
        'The connection to the server a:1 was refused - did you specify the right host or port?',
        { kind: 'unreachable' },
      ),
      1,
      'The connection to the server a:1 was refused - did you specify the right host or port?\n',
    ],
    [new Interrupted(), 130, 'interrupted\n'],
    [new Error('aborted', { cause: new Interrupted() }), 130, 'interrupted\n'],
  ])('%s', (error, code, text) => {
    expect(reported(error)).toEqual({ code, text });
  });

  it('shows an internal error with its stack', () => {
    const { code, text } = reported(new TypeError('x is undefined'));
    expect(code).toBe(1);
    expect(text).toMatch(
      /^error: this is a bug in kubectl netdebug\nTypeError: x is undefined\n {4}at /,
    );
    expect(reported('a string').text).toMatch(
      /^error: this is a bug in kubectl netdebug\na string\n$/,
    );
  });

  it('escapes everything from a cluster that could act on the terminal', () => {
    const evil = '\x1b]0;owned\x07\u202e\r\u009b2J';
    for (const error of [
      new Problem(evil, { kind: 'failed', next: [evil] }),
      new ApiError(400, evil, evil),
      new Error(evil),
      evil,
    ])
      expect(reported(error).text).toMatch(/^[\x20-\x7e\n]+$/);
  });
});
