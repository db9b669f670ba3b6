import { expect, it, onTestFinished } from 'vitest';
import { capturesOf } from '../../../../src/capture/detached/captures.ts';
import { waitUntilRecording } from '../../../../src/capture/detached/waitUntilRecording.ts';
import { seconds } from '../../../../src/capture/units.ts';
import { everyPacket } from '../../../../src/filters/capture/captureFilter.ts';
import { Problem } from '../../../../src/problem.ts';
import { fakeServer, json } from '../../kube/fakeServer.ts';
import { FakePod } from '../fakePod.ts';
import { podOnNode } from './podOnNode.ts';

const STATE = [
  ...['ticket 1', 'version 1', 'engine dumpcap', 'device eth0', 'started 1795527948'],
  ...['filekb 1000', 'files 2', 'age 0', 'newest 1', 'removed 0', 'bytes 240', 'argv dumpcap'],
];

/** How the client interprets this state of a recorder. */
async function interpreted(
  state: readonly string[],
  files: readonly string[],
  log: readonly string[],
) {
  const lines = [...STATE, ...state].map((line) => `state ${line}`);
  const listing = [...lines, ...log.map((line) => `log ${line}`), ...files, 'free 9000', 'ok', ''];
  const { api } = await fakeServer({
    rest: (_, response) => json(response, 200, {}),
    exec: async (socket, request) => {
      const pod = new FakePod(socket, request);
      await pod.started;
      pod.writes(listing.join('\n'));
      pod.exits(0);
    },
  });
  onTestFinished(() => api.close());
  const [capture] = capturesOf(podOnNode('x', 'rare', { node: 'n1' }));
  if (!capture) throw new Error('no capture');
  return waitUntilRecording(api, capture, {
    image: 'netshoot:1',
    pullPolicy: 'IfNotPresent',
    ttl: 60,
    ring: {},
    spec: { filter: everyPacket, duration: seconds(1) },
    keep: seconds(60),
    signal: new AbortController().signal,
    onNote: () => {},
    onProgress: () => {},
  });
}

const FILE = 'file 1 240 1795527951 closed d_00001_20261124134550.pcap';
const ended = (why: string, exit: number) => ['phase ended', `why ${why}`, `exit ${exit}`];

it('has ended before the first look, and has its files', async () => {
  const { state } = await interpreted(ended('duration', 0), [FILE], ['Packets captured: 3']);
  expect(state.end?.why).toBe('duration');
});

it('is not a recording if the engine failed, or left nothing', async () => {
  await expect(interpreted(ended('engine', 2), [FILE], ['no such device'])).rejects.toThrow(
    Problem,
  );
  await expect(interpreted(ended('full', 28), [], ['the disk is full'])).rejects.toThrow(Problem);
});
