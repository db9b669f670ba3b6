import type { IncomingMessage } from 'node:http';
import { describe, expect, it, vi } from 'vitest';
import type { WebSocket } from 'ws';
import { type DirectRecording, recordDirectly } from '../../../src/capture/recordDirectly.ts';
import { Interrupted } from '../../../src/cli/interruption.ts';
import { debuggerContainer } from '../../../src/debugger/container.ts';
import { Problem } from '../../../src/problem.ts';
import { podWithDebuggers, RUNNING } from '../debugger/pods.ts';
import { fakeServer, json } from '../kube/fakeServer.ts';
import { recording } from '../kube/recordings.ts';
import { FakeOutput, FakePod, packet, pcapHeader } from './fakePod.ts';

const SETTINGS = { image: 'netshoot:1', pullPolicy: 'IfNotPresent', ttl: 60 } as const;
const POD = podWithDebuggers([
  debuggerContainer('netdebug-network', { ...SETTINGS, profile: 'network' }),
  RUNNING,
]);

/** Records from a pod that has a debugger; `act` is what happens in it. */
async function record(
  act: (pod: FakePod) => void,
  options: Partial<DirectRecording> = {},
  pod: object = POD,
) {
  const { api, seen, connections } = await fakeServer({
    rest: (_, response) => json(response, 200, pod),
    exec: (socket: WebSocket, request: IncomingMessage) => act(new FakePod(socket, request)),
  });
  const output = new FakeOutput();
  const notes: string[] = [];
  const outcome = await recordDirectly(api, {
    target: 'pod/web',
    format: 'pcap',
    settings: SETTINGS,
    output,
    interrupt: new AbortController().signal,
    progress: {
      note: (text) => notes.push(text),
      waiting: () => {},
      capturing: (listening) => notes.push(listening),
    },
    ...options,
  }).catch((error: unknown) => error);
  api.close();
  await vi.waitFor(() => expect(connections.size).toBe(0), { interval: 2 });
  return { outcome, output, notes, seen };
}

describe('a recording', () => {
  it('runs tcpdump under a lease and gives what it counted', async () => {
    let command: readonly string[] = [];
    const { outcome, notes } = await record(
      async (pod) => {
        await pod.started;
        ({ command } = pod);
        pod.listens();
        pod.writes(Buffer.concat([pcapHeader(), packet(60)]));
        pod.says('1 packet captured', '1 packet received by filter', '0 packets dropped by kernel');
        pod.exits(0);
      },
      { expression: 'port 80', count: 1 },
    );
    expect(outcome).toEqual({
      end: 'complete',
      packets: 1,
      bytes: 100,
      statistics: { captured: 1, receivedByFilter: 1, droppedByKernel: 0 },
    });
    expect(notes).toEqual(['capturing on eth0 of pod shop/web (EN10MB)']);
    expect(command.slice(0, 2)).toEqual(['sh', '-c']);
    expect(command.slice(3, 6)).toEqual(['lease', '12', 'tcpdump']);
    expect(command.slice(-7)).toEqual(['-c', '1', '-U', '-w', '-', '--', 'port 80']);
  });

  it('says that a pod of its node shows the whole node', async () => {
    const { notes } = await record(
      (pod) => pod.exits(0),
      {},
      {
        ...POD,
        spec: { ...POD.spec, hostNetwork: true },
      },
    );
    expect(notes[0]).toMatch(/uses its node's network: packets of the whole node/);
  });

  it('that was cut keeps what it has, and says so', async () => {
    const { outcome, output } = await record((pod) => {
      pod.writes(Buffer.concat([pcapHeader(), packet(60)]));
      setTimeout(() => pod.breaks(), 20);
    });
    expect(outcome).toBeInstanceOf(Problem);
    expect(String(outcome)).toMatch(
      /^Problem: the capture was cut off: the connection ended before/,
    );
    expect(output.written).toHaveLength(100);
    expect(output.closed).toBe(1);
  });

  it('that was cut before anything came does not speak of what was kept', async () => {
    const { outcome } = await record((pod) => pod.breaks());
    expect(String(outcome)).not.toMatch(/kept/);
    expect(outcome).toMatchObject({ failure: 'cut' });
  });

  it('of an unknown interface names those there are', async () => {
    const { outcome } = await record(
      (pod) => {
        if (pod.command[0] === 'ls') {
          pod.writes('eth0\nlo\n');
          pod.exits(0);
        } else {
          pod.says('tcpdump: eth9: No such device exists');
          pod.exits(1);
        }
      },
      { interface: 'eth9' },
    );
    expect(outcome).toMatchObject({
      exitCode: 2,
      next: ['interfaces in this pod: eth0, lo, and any'],
    });
  });

  it('interrupted before it began starts nothing', async () => {
    const started = vi.fn();
    const reason = new Interrupted();
    const { outcome } = await record(started, { interrupt: AbortSignal.abort(reason) });
    expect(outcome).toBe(reason);
    expect(started).not.toHaveBeenCalled();
  });

  it('refused by RBAC tells the Role to ask for', async () => {
    const { body, status } = recording<{ status: number; body: unknown }>('rbac-pod-get-403');
    const { api } = await fakeServer({ rest: (_, response) => json(response, status, body) });
    const outcome = await recordDirectly(api, {
      target: 'web',
      format: 'pcap',
      settings: SETTINGS,
      output: new FakeOutput(),
      interrupt: new AbortController().signal,
      progress: { note: () => {}, waiting: () => {}, capturing: () => {} },
    }).catch((error: unknown) => error);
    expect(outcome).toBeInstanceOf(Problem);
    expect((outcome as Problem).next.join('\n')).toMatch(
      /kind: Role\n.*pods\/ephemeralcontainers/s,
    );
  });
});
