import { describe, expect, it } from 'vitest';
import { reportCaptures } from '../../../../src/capture/detached/captureReport.ts';
import { capturesOf } from '../../../../src/capture/detached/captures.ts';
import { detachedContainer } from '../../../../src/capture/detached/detachedContainer.ts';
import { renderCaptures } from '../../../../src/capture/detached/renderCaptures.ts';
import { milliseconds } from '../../../../src/capture/units.ts';
import type { ContainerStatus, Pod } from '../../../../src/kube/pod.ts';
import { fakeServer, json } from '../../kube/fakeServer.ts';

type Phase = NonNullable<Pod['status']>['phase'];

const NOW = Date.now();

/** A pod with a capture that was defined this many seconds ago. */
function podWith(age: number, state?: ContainerStatus['state'], phase: Phase = 'Running'): Pod {
  const container = detachedContainer(
    {
      name: 'rare',
      image: 'netshoot:1',
      created: new Date(NOW - age * 1000),
      spool: '/netdebug-rare',
      record: {
        spec: {},
        ring: { files: 2, fileKilobytes: 1000 },
        keep: milliseconds(0),
        changesUser: false,
      },
    },
    'IfNotPresent',
  );
  return {
    metadata: { name: 'web', namespace: 'shop', uid: 'uid-web', resourceVersion: '1' },
    spec: { nodeName: 'node-1', containers: [], ephemeralContainers: [container] },
    status: {
      phase,
      ...(state && { ephemeralContainerStatuses: [{ name: container.name, state }] }),
    },
  };
}

/** The list of one capture, on a cluster with these events and a node that is not ready. */
async function listed(pod: Pod, events: readonly object[] = []): Promise<string> {
  const { api } = await fakeServer({
    rest: ({ path }, response) => {
      if (path.endsWith('/events')) json(response, 200, { items: events, metadata: {} });
      else if (path.includes('/nodes/'))
        json(response, 200, {
          metadata: { name: 'node-1' },
          status: { conditions: [{ type: 'Ready', status: 'Unknown', message: 'no word' }] },
        });
      else json(response, 404, { kind: 'Status', code: 404, reason: 'NotFound', message: 'none' });
    },
  });
  const reports = await reportCaptures(api, capturesOf(pod), new AbortController().signal);
  return [...renderCaptures(reports, 'table', false, NOW)].join('');
}

describe('a capture whose container is not running', () => {
  it('is reported as starting in its first seconds', async () => {
    const list = await listed(podWith(2));
    expect(list).toMatch(/rare +web +Starting/);
    expect(list).not.toContain('REASON');
  });

  it('is reported as not started, with the status of its container', async () => {
    const waiting = { reason: 'ImagePullBackOff', message: 'Back-off pulling image "netshoot:1"' };
    expect(await listed(podWith(5, { waiting }))).toMatch(
      /Not started .*ImagePullBackOff: Back-off pulling image "netshoot:1"/,
    );
  });

  it('is reported as not started, with the last event of its container', async () => {
    const event = (fieldPath: string, lastTimestamp: string, message: string) => ({
      ...{ reason: 'Failed', message, lastTimestamp, involvedObject: { fieldPath } },
    });
    const own = 'spec.ephemeralContainers{netdebug-capture-rare}';
    const events = [
      event(own, '2026-11-26T10:00:02Z', 'no space left'),
      event(own, '2026-11-26T10:00:01Z', 'earlier'),
      event('spec.containers{main}', '2026-11-26T10:00:03Z', 'of another'),
    ];
    expect(await listed(podWith(60), events)).toMatch(/Not started .*Failed: no space left/);
  });

  it('is reported as not started, with the conditions of its node', async () => {
    const list = await listed(podWith(600, { waiting: { reason: 'ContainerCreating' } }));
    expect(list).toMatch(/Not started +10m .*\bready\b/i);
  });

  it('is reported as waiting for its pod', async () => {
    expect(await listed(podWith(600, undefined, 'Pending'))).toMatch(/ Pending$/m);
  });
});
