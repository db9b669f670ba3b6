import type { Socket } from 'node:net';
import { expect, it } from 'vitest';
import { remove } from '../../../src/inventory/remove.ts';
import { ENDED, podWithDebuggers, RUNNING } from '../debugger/pods.ts';
import { fakeServer, json } from '../kube/fakeServer.ts';
import { recording } from '../kube/recordings.ts';

const NAME = 'netdebug-network';
const POD = podWithDebuggers([{ name: NAME, image: 'x' }, ENDED]);
const RUNNING_POD = podWithDebuggers([{ name: NAME, image: 'x' }, RUNNING]);
const OWNED = { kind: 'debugger', pod: POD, container: NAME, state: 'running' } as const;

/** Removes a debugger when execs get these answers, one after another; the pod reports that it has ended. */
async function removed(answers: readonly ((socket: Socket) => void)[], onRequested?: () => void) {
  let attempts = 0;
  let looks = 0;
  const { api } = await fakeServer({
    rest: (_, response) => {
      looks += 1;
      json(response, 200, looks < 3 ? RUNNING_POD : POD);
    },
    upgrade: (socket) => answers[attempts++]?.(socket),
  });
  const { signal } = new AbortController();
  const outcome = await remove(api, OWNED, signal, () => {
    expect(looks).toBe(0);
    onRequested?.();
  }).catch((error: Error) => error);
  return { outcome, attempts };
}

const { refused } = recording<{ refused: { status: number; body: string } }>('exec-not-running');
const refuseEnded = (socket: Socket) =>
  socket.end(
    `HTTP/1.1 ${refused.status} No\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: ${refused.body.length}\r\n\r\n${refused.body}`,
  );
const hangUp = (socket: Socket) => socket.destroy();

it('a container that has already ended is not a failure', async () => {
  expect(await removed([refuseEnded])).toEqual({ outcome: undefined, attempts: 1 });
});

it('reports when only the confirmation of the end is missing', async () => {
  let calls = 0;
  const onRequested = () => {
    calls += 1;
  };
  expect((await removed([refuseEnded], onRequested)).outcome).toBe(undefined);
  expect(calls).toBe(1);
});

it('retries a broken connection three times', async () => {
  expect(await removed([hangUp, hangUp, refuseEnded])).toEqual({ outcome: undefined, attempts: 3 });
  const { outcome, attempts } = await removed([hangUp, hangUp, hangUp, hangUp, refuseEnded]);
  expect(String(outcome)).toMatch(/hang up/);
  expect(attempts).toBe(4);
});
