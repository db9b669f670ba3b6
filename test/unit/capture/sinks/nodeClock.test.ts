import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseClock, readNodeClock } from '../../../../src/capture/sinks/nodeClock.ts';
import { leasedInPod } from '../fakePod.ts';

describe("a node's clock", () => {
  it('is ahead by the difference to the middle between question and answer', () => {
    expect(
      parseClock('100.50 1700000000.250000000\n', 1_700_000_000_000, 1_700_000_000_100),
    ).toEqual({ ahead: 200, uncertainty: 50, bootedAt: 1_699_999_899_750 });
  });

  it.each(['100.50 1700000000.%N\n', '100.50 1700000000.\n', '100.50 1700000000\n'])(
    'is known to half a second only if date prints no fractions: %j',
    (text) => {
      expect(parseClock(text, 1_700_000_000_000, 1_700_000_000_100)).toEqual({
        ahead: 450,
        uncertainty: 550,
        bootedAt: 1_699_999_900_000,
      });
    },
  );

  it.each(['', 'date: not found\n', '12.3 \n'])('that prints %j is unknown', (text) => {
    expect(parseClock(text, 0, 1)).toBeUndefined();
  });

  it.each([[['dash']], [['busybox', 'ash']]])('is read by %j', ([program = '', ...words]) => {
    const script = readFileSync('src/capture/sinks/clock.sh', 'utf8');
    const sent = Date.now();
    const text = execFileSync(program, [...words, '-c', script], { encoding: 'utf8' });
    const clock = parseClock(text, sent, Date.now());
    expect(Math.abs(clock?.ahead ?? Number.NaN)).toBeLessThanOrEqual((clock?.uncertainty ?? 0) + 1);
    expect(clock?.bootedAt).toBeLessThan(sent);
  });

  it('that cannot be reached is unknown, without a failure', async () => {
    const { process } = await leasedInPod();
    process.close();
    const access = { server: 'https://127.0.0.1:1' } as never;
    const place = { namespace: 'shop', pod: 'web', container: 'x' };
    expect(await readNodeClock(access, place)).toBeUndefined();
  });
});
