import { describe, expect, it } from 'vitest';
import { ringBytes } from '../../../../src/capture/spool/ringPlan.ts';
import { planSpool } from '../../../../src/capture/spool/spoolPlan.ts';
import { podWith } from '../../debugger/pods.ts';

/** The plan for a pod whose containers have these limits. */
function plan(...limits: (string | undefined)[]) {
  const containers = limits.map((limit, index) => ({
    name: `c${index}`,
    ...(limit !== undefined && { resources: { limits: { 'ephemeral-storage': limit } } }),
  }));
  return planSpool(podWith({ spec: { containers } }));
}

describe('the spool of a foreground capture', () => {
  it.each<[string, (string | undefined)[], number]>([
    ['without a limit', [undefined], 512e6],
    ['with a large limit', ['10Gi'], 512e6],
    ['an eighth of the limit', ['64M'], 8e6],
    ['an eighth of all limits together', ['32M', undefined, '32000k'], 8e6],
    ['with an exponent', ['64e6'], 8e6],
  ])('has a bounded size: %s', (_, limits, most) => {
    const planned = plan(...limits);
    if (planned.kind !== 'spool') throw new Error(planned.reason);
    expect(ringBytes(planned)).toBeLessThanOrEqual(most);
    expect(ringBytes(planned)).toBeGreaterThan(most * 0.75);
  });

  it('must fit into the share together with the other spools in its folder', () => {
    expect(plan('64M')).toMatchObject({ roomKilobytes: 8000 });
    expect(plan(undefined)).not.toHaveProperty('roomKilobytes');
  });

  it.each(['31M', '1Mi', '0'])('is impossible with a limit of %s', (limit) => {
    expect(plan(limit)).toMatchObject({
      kind: 'direct',
      reason: expect.stringMatching(/\d B\b|\d .B\b/),
    });
  });
});
