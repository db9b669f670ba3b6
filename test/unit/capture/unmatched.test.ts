import { describe, expect, it } from 'vitest';
import { addUnmatched, NOTHING_KNOWN, unmatchedLines } from '../../../src/capture/unmatched.ts';

/** The message for the user after a capture on eth0, or another interface, for which the pod reported this. */
function textOf(lines: readonly string[], device = 'eth0'): string {
  const unmatched = lines.reduce(addUnmatched, NOTHING_KNOWN);
  return unmatchedLines({ ...unmatched, device }).join('\n');
}

describe('a capture without packets', () => {
  it.each([
    ['other packets', ['passed any 1500', 'passed eth0 1204'], /\b1,204 packets\b.*\beth0\b/],
    ['silence', ['passed any 0'], /^[^\d\n]*\beth0$/],
    [
      'packets elsewhere, the most first',
      ['passed any 30', 'passed lo 10', 'passed net1 20'],
      /^[^\d\n]*\beth0\b.*\b20 packets\b.*\bnet1\b.*\b10 packets\b.*\blo\b.*-i any\b/,
    ],
    ['a pod without that information', [], /^(?!.*(eth0|\d))./],
    [
      'more interfaces than the pod reports',
      ['passed any 99', ...[1, 2, 3, 4, 5, 6, 7, 8].map((at) => `passed veth${at} 1`)],
      /\b99 packets\b/,
    ],
  ])('is explained by %s', (_, lines, text) => {
    expect(textOf(lines)).toMatch(text);
  });

  it('names the port that clients use if the pod knows of a redirection', () => {
    const text = textOf(['passed any 9', 'passed eth0 9', 'connected 15006 3 8080 8443']);
    expect(text).toMatch(/\b8080, 8443\b.*\b15006\b.*-- port 8080$/);
  });

  it('mentions a possible redirection if only connections are known', () => {
    const text = textOf(['passed any 9', 'passed eth0 9', 'connected 15006 1']);
    expect(text).toMatch(/\b1 connection\b.*\b15006\b.*-i any\b.*\b15006\b/);
    expect(textOf(['passed any 9', 'connected 15006 1'], 'any')).not.toMatch(/-i any/);
  });
});
