import { expect, it, vi } from 'vitest';
import { watchAdditions } from '../../../../src/capture/live/additions.ts';
import { everyPacket, renderCaptureFilter } from '../../../../src/filters/capture/captureFilter.ts';
import type { KubeApi } from '../../../../src/kube/api.ts';
import { parsePeer, peerInNamespace } from '../../../../src/kube/targets/peers.ts';
import type { Notice } from '../../../../src/notice.ts';

const CHANGES = Array.from({ length: 20 }, (_, index) => `host 10.0.1.${index}`);
vi.mock('../../../../src/kube/targets/watchPeers.ts', () => ({
  watchPeers: async function* () {
    for (const term of CHANGES) yield [term];
  },
}));

it('peers that change all the time do not get a recorder for each change', async () => {
  const notes: Notice[] = [];
  const options = {
    pods: [],
    peerTerms: ['host 10.0.0.1'],
    ownFilter: everyPacket,
    onNote: (notice: Notice) => notes.push(notice),
  };
  const filters: (string | undefined)[] = [];
  const sources = { peers: [peerInNamespace(parsePeer('svc/db'), 'shop')] };
  const { signal } = new AbortController();
  for await (const { filter } of watchAdditions({} as KubeApi, sources, options, signal))
    filters.push(renderCaptureFilter(filter));
  expect(filters).toHaveLength(8);
  expect(filters[1]).toBe('host 10.0.1.1 and not (host 10.0.0.1 or host 10.0.1.0)');
  expect(notes).toEqual([
    { kind: 'addresses-fixed', text: expect.stringContaining('host 10.0.1.8 ') },
  ]);
});
