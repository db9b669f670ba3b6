import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { PodSpool } from '../../../../src/capture/fetch/podSpool.ts';
import { SpoolGone } from '../../../../src/capture/fetch/spoolSource.ts';
import { fakeServer, json, status } from '../../kube/fakeServer.ts';
import { FakePod } from '../fakePod.ts';

const PLACE = { namespace: 'shop', pod: 'web-1', container: 'netdebug-capture-web' };
const NEVER = new AbortController().signal;

function pod(uid: string, state: object) {
  return {
    metadata: { name: 'web-1', namespace: 'shop', uid, resourceVersion: '1' },
    spec: { containers: [] },
    status: { ephemeralContainerStatuses: [{ name: 'netdebug-capture-web', state }] },
  };
}

/** What the source reports about a pod that the server describes like this. */
async function checkGone(answer: { code: number; body: unknown }) {
  const { api } = await fakeServer({
    rest: (_, response) => json(response, answer.code, answer.body),
  });
  return new PodSpool(api, PLACE, 'uid-1', '/tmp/spool').checkGone(NEVER);
}

describe('the spool in a pod', () => {
  it('is read by a leased exec of its script', async () => {
    const server = await fakeServer({
      exec: async (socket, request) => {
        const far = new FakePod(socket, request);
        await far.started;
        far.writes(far.command.slice(-3).join(' '));
        far.exits(4);
      },
    });
    const spool = new PodSpool(server.api, PLACE, 'uid-1', '/tmp/spool');
    const command = await spool.start('copy', ['part=1:0:9'], NEVER);
    command.stderr.resume();
    expect(await text(command.stdout)).toBe('copy spool=/tmp/spool part=1:0:9');
    expect(await command.exit).toBe(4);
  });

  it('exists while its container runs', async () => {
    expect(await checkGone({ code: 200, body: pod('uid-1', { running: {} }) })).toBeUndefined();
  });

  it('is gone with its container, and reports when and how', async () => {
    const terminated = { exitCode: 137, reason: 'OOMKilled', finishedAt: '2026-11-24T14:00:00Z' };
    const loss = await checkGone({ code: 200, body: pod('uid-1', { terminated }) });
    expect(loss?.message).toMatch(/2026-11-24T14:00:00Z.*OOMKilled.*137/);
    expect(loss?.at).toEqual(new Date('2026-11-24T14:00:00Z'));
  });

  it('is gone with its pod, deleted or replaced', async () => {
    const missing = status(404, 'NotFound', 'pods "web-1" not found');
    expect(await checkGone({ code: 404, body: missing })).toBeInstanceOf(SpoolGone);
    const other = await checkGone({ code: 200, body: pod('uid-2', { running: {} }) });
    expect(other).toBeInstanceOf(SpoolGone);
  });

  it('has an unknown state when the server cannot answer', async () => {
    const refusal = status(503, 'ServiceUnavailable', 'try later');
    await expect(checkGone({ code: 503, body: refusal })).rejects.toMatchObject({
      kind: 'unreachable',
    });
  });
});
