import { describe, expect, it } from 'vitest';
import { goneReason } from '../../../../src/capture/follower/goneReason.ts';
import type { ContainerStatus, Pod } from '../../../../src/kube/pod.ts';
import { podWith } from '../../debugger/pods.ts';
import { fakeServer, json, status } from '../../kube/fakeServer.ts';

const PLACE = { namespace: 'shop', pod: 'web', container: 'netdebug-network' };
const RUNNING = { running: { startedAt: '2026-01-01T00:00:00Z' } };

function podWithStatus(debuggerStatus: Partial<ContainerStatus>): Pod {
  return podWith({
    status: { ephemeralContainerStatuses: [{ name: PLACE.container, ...debuggerStatus }] },
  });
}

const BEFORE = podWithStatus({ containerID: 'containerd://one', state: RUNNING });

async function fate(code: number, body: unknown, before = BEFORE): Promise<string | undefined> {
  const { api } = await fakeServer({ rest: (_, response) => json(response, code, body) });
  return goneReason(api, PLACE, before);
}

const OOM = {
  exitCode: 137,
  reason: 'OOMKilled',
  message: 'too much',
  finishedAt: '2026-01-01T01:02:03Z',
};

describe('the fate of a recording', () => {
  it.each<[string, Pod, string | undefined]>([
    ['unchanged', BEFORE, undefined],
    [
      'another pod with this name',
      podWith({ metadata: { uid: 'uid-2' } }),
      'pod "web" was deleted and replaced by another one of the same name',
    ],
    [
      'evicted',
      podWith({ status: { phase: 'Failed', reason: 'Evicted', message: 'low on disk' } }),
      'pod "web" has ended (Evicted: low on disk)',
    ],
    ['finished', podWith({ status: { phase: 'Succeeded' } }), 'pod "web" has ended (Succeeded)'],
    [
      'killed',
      podWithStatus({ containerID: 'containerd://one', state: { terminated: OOM } }),
      'the debugger "netdebug-network" ended at 2026-01-01T01:02:03Z (OOMKilled: too much, exit code 137)',
    ],
    [
      'ended without a message',
      podWithStatus({ state: { terminated: { exitCode: 0 } } }),
      'the debugger "netdebug-network" ended (exit code 0)',
    ],
    [
      'restarted',
      podWithStatus({
        containerID: 'containerd://two',
        state: RUNNING,
        lastState: { terminated: OOM },
        restartCount: 1,
      }),
      'the debugger "netdebug-network" ended at 2026-01-01T01:02:03Z (OOMKilled: too much, exit code 137) and was started again; the node may have restarted',
    ],
  ])('%s', async (_, pod, expected) => {
    expect(await fate(200, pod)).toBe(expected);
  });

  it('whose debugger is new to the client: it was restarted only if the restart is counted', async () => {
    const started = { containerID: 'containerd://two', state: RUNNING };
    expect(await fate(200, podWithStatus(started), podWith())).toBeUndefined();
    expect(await fate(200, podWithStatus({ ...started, restartCount: 1 }), podWith())).toEqual(
      expect.any(String),
    );
  });

  it('in a pod that no longer exists', async () => {
    expect(await fate(404, status(404, 'NotFound', 'pods "web" not found'))).toContain('"web"');
  });

  it('is unknown if the server does not tell', async () => {
    expect(await fate(500, status(500, 'InternalError', 'no'))).toBeUndefined();
    expect(await fate(403, status(403, 'Forbidden', 'no'))).toBeUndefined();
  });
});
