import { describe, expect, it } from 'vitest';
import { planSpool } from '../../../../src/capture/spool/spoolPlan.ts';
import { podWith } from '../../debugger/pods.ts';
import { fakeServer } from '../../kube/fakeServer.ts';

/** The plan for a pod whose containers have these limits. */
async function plan(...limits: (string | undefined)[]) {
  const { api } = await fakeServer({});
  const containers = limits.map((limit, index) => ({
    name: `c${index}`,
    ...(limit !== undefined && { resources: { limits: { 'ephemeral-storage': limit } } }),
  }));
  return planSpool(api, podWith({ spec: { containers } }));
}

describe('the room for a spool', () => {
  it.each<[string, (string | undefined)[], number, number]>([
    ['where nothing limits it', [undefined], 8, 32_000],
    ['of a pod with much room', ['10Gi'], 8, 32_000],
    ['a quarter of the limit', ['64M'], 8, 2_000],
    ['a quarter of all limits together', ['32M', undefined, '32000k'], 8, 2_000],
    ['in whole megabytes', ['20Mi'], 5, 1_000],
    ['in bytes, and with an exponent', ['32e6', '32000000'], 8, 2_000],
  ])('%s', async (_, limits, files, fileKilobytes) => {
    expect(await plan(...limits)).toMatchObject({ kind: 'spool', files, fileKilobytes });
  });

  it.each(['15M', '1Mi', '0', '1500000m', 'rubbish'])(
    'is none with a limit of %s',
    async (limit) => {
      expect(await plan(limit)).toMatchObject({
        kind: 'direct',
        reason: expect.stringMatching(
          /^pod "web" may write no more than \d+ MB to its node's disk$/,
        ),
      });
    },
  );
});
