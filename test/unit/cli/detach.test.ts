import { expect, it, onTestFinished, vi } from 'vitest';
import type { StartedCaptures } from '../../../src/capture/detached/startCaptures.ts';
import { seconds } from '../../../src/capture/units.ts';
import { startDetachedCaptures } from '../../../src/cli/detach.ts';
import { everyPacket } from '../../../src/filters/capture/captureFilter.ts';
import type { KubeApi } from '../../../src/kube/api.ts';
import { podWith } from '../debugger/pods.ts';

const started = (namespace: string, isOnNode: boolean) => ({
  capture: {
    name: 'rare',
    options: { files: '2', filekb: '1000' },
    isOnNode,
    pod: podWith({ metadata: { namespace } }),
  },
  label: 'it',
  listing: { state: { device: 'eth0', engine: 'dumpcap', phase: 'recording' } },
});

vi.mock('../../../src/capture/detached/startCaptures.ts', () => ({
  startCaptures: async () =>
    ({
      started: [started('shop', false), started('tools', true), started('tools', true)],
      failures: [],
    }) as unknown as StartedCaptures,
}));

const REQUEST = {
  spec: { filter: everyPacket, duration: seconds(60) },
  keep: seconds(60),
} as Parameters<typeof startDetachedCaptures>[1];

/** The printed commands that fetch the started captures. */
async function fetches(flags: { readonly defaultNamespace?: string }) {
  let output = '';
  const spies = [
    vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
      output += String(chunk);
      return true;
    }),
    vi.spyOn(process.stdout, 'write').mockReturnValue(true),
  ];
  onTestFinished(() => {
    for (const spy of spies) spy.mockRestore();
  });
  expect(await startDetachedCaptures({} as KubeApi, { ...REQUEST, ...flags })).toBe(0);
  return output.match(/captures fetch rare.*? {3}/g);
}

it('captures in several namespaces: the printed commands name the namespace where needed', async () => {
  expect(await fetches({ defaultNamespace: 'shop' })).toEqual([
    'captures fetch rare   ',
    'captures fetch rare -n tools   ',
  ]);
});

it('repeats a namespace that was given with a flag', async () => {
  expect(await fetches({})).toEqual([
    'captures fetch rare -n shop   ',
    'captures fetch rare -n tools   ',
  ]);
});
