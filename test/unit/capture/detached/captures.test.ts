import { describe, expect, it } from 'vitest';
import { newCaptureName } from '../../../../src/capture/detached/captureNames.ts';
import {
  capturesOf,
  findCaptures,
  SPOOL_REMOVED,
} from '../../../../src/capture/detached/captures.ts';
import { detachedContainer } from '../../../../src/capture/detached/detachedContainer.ts';
import { seconds } from '../../../../src/capture/units.ts';
import type { ContainerStatus, Pod } from '../../../../src/kube/pod.ts';
import { fakeServer, json } from '../../kube/fakeServer.ts';
import { podOnNode } from './podOnNode.ts';

const RUNNING = { running: { startedAt: '2026-11-24T00:00:00Z' } };
const REMOVED = { terminated: { exitCode: SPOOL_REMOVED } };
const LOST = { terminated: { exitCode: 137 } };

let minute = 0;

/** A pod with captures in these states. */
function podWith(name: string, states: Record<string, NonNullable<ContainerStatus['state']>>): Pod {
  const containers = Object.keys(states).map((capture) => {
    minute += 1;
    return detachedContainer(
      {
        name: capture,
        image: 'nicolaka/netshoot:v0.14',
        created: new Date(minute * 60_000),
        spool: `/netdebug-${capture}`,
        record: {
          spec: {},
          ring: { files: 2, fileKilobytes: 1000 },
          keep: seconds(0),
          changesUser: false,
        },
      },
      'IfNotPresent',
    );
  });
  return {
    metadata: { name, namespace: 'shop', uid: `uid-${name}`, resourceVersion: '1' },
    spec: { containers: [], ephemeralContainers: containers },
    status: {
      phase: 'Running',
      ephemeralContainerStatuses: Object.entries(states).map(([capture, state]) => ({
        name: `netdebug-capture-${capture}`,
        state,
      })),
    },
  };
}

async function namesOf(name: string, ...pods: Pod[]) {
  const { api } = await fakeServer({
    rest: (_, response) => json(response, 200, { items: pods, metadata: {} }),
  });
  const { captures, lost } = await findCaptures(api, 'shop', name);
  return [captures, lost].map((list) =>
    list.map(({ pod, name }) => `${pod.metadata.name}/${name}`),
  );
}

describe('a capture name', () => {
  it('selects the captures with this name in all pods, unless a pod is named', async () => {
    const pods = [
      podWith('web-1', { both: RUNNING, other: RUNNING }),
      podWith('web-2', { both: RUNNING }),
    ];
    expect(await namesOf('both', ...pods)).toEqual([['web-1/both', 'web-2/both'], []]);
    expect(await namesOf('web-2/both', ...pods)).toEqual([['web-2/both'], []]);
    expect(await namesOf('pod/web-1/other', ...pods)).toEqual([['web-1/other'], []]);
  });

  it('skips ended captures while others run, and reports lost ones', async () => {
    expect(
      await namesOf(
        'both',
        podWith('web-1', { both: LOST }),
        podWith('web-2', { both: RUNNING }),
        podWith('web-3', { both: REMOVED }),
      ),
    ).toEqual([['web-2/both'], ['web-1/both']]);
    expect(
      await namesOf('both', podWith('web-1', { both: REMOVED }), podWith('web-2', { both: LOST })),
    ).toEqual([['web-2/both'], []]);
  });

  it('without a match is a Problem that lists the existing captures', async () => {
    await expect(namesOf('both', podWith('web-1', { other: RUNNING }))).rejects.toMatchObject({
      kind: 'not-found',
      message: expect.stringMatching(/"both".*"shop"/),
      next: expect.arrayContaining(['captures here: other']),
    });
  });

  it('that is generated is unused in all pods', () => {
    const pods = [
      podWith('web-1', { 'capture-1': REMOVED }),
      podWith('web-2', { 'capture-2': RUNNING }),
    ];
    expect(newCaptureName(pods)).toBe('capture-3');
    expect(newCaptureName([])).toBe('capture-1');
  });
});

describe('a capture whose container has ended', () => {
  const stateAfter = (exitCode: number) =>
    capturesOf(podWith('web-1', { rare: { terminated: { exitCode } } }))[0]?.state;

  it("counts as removed only after the recorder's own exit code", () => {
    expect(stateAfter(SPOOL_REMOVED)).toEqual({ kind: 'removed' });
  });

  // In order: a failed shell, a full disk, no shell, TERM, KILL.
  it.each([0, 1, 2, 28, 75, 127, 137, 143])('is lost after exit code %i', (exitCode) => {
    expect(stateAfter(exitCode)).toMatchObject({ kind: 'lost' });
  });

  it('does not count as removed if a kubelet ended it', () => {
    // The reason is not that of a killed one.
    expect(stateAfter(143)).not.toEqual(stateAfter(137));
  });
});

describe('a capture on a node', () => {
  const web = podWith('web-1', {});
  const far = { ...web, metadata: { ...web.metadata, namespace: 'other' } };

  it('is selected by its target, or by its pod', async () => {
    const pods = [
      podOnNode('netdebug-capture-rare-1', 'rare', { node: 'n1' }),
      podOnNode('netdebug-capture-rare-2', 'rare', { node: 'n1', pod: web }),
      podOnNode('netdebug-capture-rare-3', 'rare', { node: 'n1', pod: far }),
    ];
    const [all] = await namesOf('rare', ...pods);
    expect(all).toHaveLength(3);
    for (const [index, name] of ['node/n1/rare', 'web-1/rare', 'other/web-1/rare'].entries())
      expect((await namesOf(name, ...pods))[0]).toEqual([
        `netdebug-capture-rare-${index + 1}/rare`,
      ]);
    expect((await namesOf('netdebug-capture-rare-2/rare', ...pods))[0]).toHaveLength(1);
  });

  it('is read back from its pod as it was defined', () => {
    const [capture] = capturesOf(podOnNode('x', 'rare', { node: 'n1', pod: web }));
    expect(capture).toMatchObject({
      name: 'rare',
      isOnNode: true,
      target: 'web-1',
      spool: '/netdebug-rare',
      options: { expression: 'port 80', filekb: '1000' },
      state: { kind: 'running' },
    });
  });

  it('is lost for the reason that ended its pod', () => {
    const pod = podWith('web-1', { rare: LOST });
    const evicted = { ...pod, status: { ...pod.status, phase: 'Failed', reason: 'Evicted' } };
    expect(capturesOf(evicted as Pod)[0]?.state).toMatchObject({
      kind: 'lost',
      why: expect.stringContaining('Evicted'),
    });
    expect(capturesOf(pod)[0]?.state).toMatchObject({
      kind: 'lost',
      why: expect.not.stringContaining('Evicted'),
    });
  });
});
