import type { IncomingMessage } from 'node:http';
import { describe, expect, it, vi } from 'vitest';
import type { WebSocket } from 'ws';
import type { Recording } from '../../../../src/capture/recorder/recording.ts';
import { recordTarget } from '../../../../src/capture/recorder/recordTarget.ts';
import { bytes, milliseconds, seconds } from '../../../../src/capture/units.ts';
import { Interrupted } from '../../../../src/cli/interruption.ts';
import { debuggerContainer } from '../../../../src/debugger/container.ts';
import { everyPacket, test } from '../../../../src/filters/capture/captureFilter.ts';
import type { Pod } from '../../../../src/kube/pod.ts';
import type { Notice } from '../../../../src/notice.ts';
import { Problem } from '../../../../src/problem.ts';
import { podWithDebuggers, RUNNING } from '../../debugger/pods.ts';
import { fakeServer, json } from '../../kube/fakeServer.ts';
import { recording } from '../../kube/recordings.ts';
import { FakeOutput, FakePod, packet, pcapHeader } from '../fakePod.ts';

const SETTINGS = { image: 'netshoot:1', pullPolicy: 'IfNotPresent', ttl: 60 } as const;
const SPEC = { filter: everyPacket };
const PORT_80 = { filter: test('port 80'), count: 1 };
const POD = podWithDebuggers([
  debuggerContainer('netdebug-network', { ...SETTINGS, profile: 'network' }),
  RUNNING,
]);

/** Records from a pod that has a debugger; `act` is what happens in it. */
async function record(
  act: (pod: FakePod) => void,
  options: Partial<Recording> = {},
  pod: object = POD,
) {
  const { api, requests, connections } = await fakeServer({
    rest: (_, response) => json(response, 200, pod),
    exec: (socket: WebSocket, request: IncomingMessage) => act(new FakePod(socket, request)),
  });
  const output = new FakeOutput();
  const notes: Notice[] = [];
  const outcome = await recordTarget(
    api,
    { pod: pod as Pod },
    {
      format: 'pcap',
      settings: SETTINGS,
      output,
      stream: true,
      linger: seconds(60),
      spec: SPEC,
      interrupt: new AbortController().signal,
      abandon: new AbortController().signal,
      progress: {
        note: (notice) => notes.push(notice),
        waiting: () => {},
        capturing: (text) => notes.push({ kind: 'capturing', text }),
      },
      ...options,
    },
  ).catch((error: unknown) => error);
  api.close();
  await vi.waitFor(() => expect(connections.size).toBe(0), { interval: 2 });
  return { outcome, output, notes, requests };
}

describe('a recording', () => {
  it('runs tcpdump under a lease and returns its counters', async () => {
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
      { spec: PORT_80 },
    );
    expect(outcome).toEqual({
      end: 'complete',
      packets: 1,
      bytes: 100,
      statistics: { captured: 1, receivedByFilter: 1, droppedByKernel: 0 },
    });
    expect(notes).toEqual([
      { kind: 'capturing', text: 'capturing on eth0 of pod shop/web (EN10MB)' },
    ]);
    expect(command.slice(0, 3)).toEqual(['12', 'sh', '-c']);
    expect(command.slice(4, 7)).toEqual(['netdebug', '80', 'tcpdump']);
    expect(command.slice(-7)).toEqual(['-c', '1', '-U', '-w', '-', '--', 'port 80']);
  });

  it('fails if its packets end before tcpdump does', async () => {
    const { outcome, output } = await record((pod) => {
      pod.writes(Buffer.concat([pcapHeader(), packet(60)]));
      pod.says('3 packets captured', '3 packets received by filter', '0 packets dropped by kernel');
      pod.exits(0);
    });
    expect(outcome).toMatchObject({
      kind: 'lost',
      message: expect.stringMatching(/\b2 packets\b.*\btcpdump\b/),
    });
    expect(output.written).toHaveLength(100);
  });

  it('notes that a pod with host network shows the whole node', async () => {
    const { notes } = await record(
      (pod) => pod.exits(0),
      {},
      {
        ...POD,
        spec: { ...POD.spec, hostNetwork: true },
      },
    );
    expect(notes[0]).toMatchObject({ kind: 'node-network' });
  });

  it('that was cut off keeps the packets that arrived, and reports it', async () => {
    const { outcome, output } = await record((pod) => {
      pod.writes(Buffer.concat([pcapHeader(), packet(60)]));
      setTimeout(() => pod.breaks(), 20);
    });
    expect(outcome).toMatchObject({ kind: 'lost' });
    expect(output.written).toHaveLength(100);
    expect(output.closed).toBe(1);
  });

  it('that was cut off before any data arrived does not mention kept packets', async () => {
    const { outcome } = await record((pod) => pod.breaks());
    expect(String(outcome)).not.toMatch(/kept/);
    expect(outcome).toMatchObject({ failure: 'cut' });
  });

  it('of an unknown interface lists the existing ones', async () => {
    const { outcome } = await record(
      (pod) => {
        if (pod.command.includes('/proc/net/dev')) {
          pod.writes('Inter-|   Receive\n face |bytes packets\n  eth0:  12 1\n    lo:  0 0\n');
          pod.exits(0);
        } else {
          pod.says('tcpdump: eth9: No such device exists');
          pod.exits(1);
        }
      },
      { spec: { ...SPEC, device: 'eth9' } },
    );
    expect(outcome).toMatchObject({
      exitCode: 2,
      next: [expect.stringMatching(/\beth0, lo\b.*\bany\b/)],
    });
  });

  it('interrupted before it began starts nothing', async () => {
    const started = vi.fn();
    const reason = new Interrupted();
    const { outcome } = await record(started, { interrupt: AbortSignal.abort(reason) });
    expect(outcome).toBe(reason);
    expect(started).not.toHaveBeenCalled();
  });

  it('refused by RBAC prints the Role to request', async () => {
    const { body, status } = recording<{ status: number; body: unknown }>('rbac-pod-get-403');
    const { api } = await fakeServer({ rest: (_, response) => json(response, status, body) });
    const outcome = await recordTarget(
      api,
      { pod: podWithDebuggers() },
      {
        format: 'pcap',
        settings: SETTINGS,
        output: new FakeOutput(),
        linger: seconds(60),
        spec: SPEC,
        interrupt: new AbortController().signal,
        abandon: new AbortController().signal,
        progress: { note: () => {}, waiting: () => {}, capturing: () => {} },
      },
    ).catch((error: unknown) => error);
    expect(outcome).toBeInstanceOf(Problem);
    expect((outcome as Problem).next.join('\n')).toMatch(
      /kind: Role\n.*pods\/ephemeralcontainers/s,
    );
  });
});

describe('a recording through a spool', () => {
  /** The verb and the words that a connection requests. */
  async function requestOf(pod: FakePod) {
    await pod.started;
    const [verb = '', ...words] = pod.command.slice(pod.command.indexOf('netdebug') + 1);
    return { verb, words };
  }

  const FILE = Buffer.concat([pcapHeader(), packet(60)]);

  function begins(pod: FakePod): void {
    pod.writes(`hello 1 dumpcap eth0\ndata 1 0 ${FILE.length}\n`);
    pod.writes(FILE);
  }

  it('starts the recorder and follows it with one exec', async () => {
    const requested: string[][] = [];
    const { outcome, output, notes } = await record(
      async (pod) => {
        const { verb, words } = await requestOf(pod);
        requested.push([verb, ...words]);
        begins(pod);
        pod.writes(`end 1 ${FILE.length}\nover complete 0 captured=1 received=1 dropped=0\n`);
        pod.on = (word) => word === 'info' && pod.exits(0);
      },
      { stream: false, spec: PORT_80 },
    );
    expect(outcome).toEqual({
      end: 'complete',
      packets: 1,
      bytes: 100,
      statistics: { captured: 1, receivedByFilter: 1, droppedByKernel: 0 },
      interruptions: 0,
      gaps: [],
    });
    expect(output.written).toEqual(FILE);
    expect(notes).toMatchObject([{ kind: 'capturing', text: expect.stringContaining('448 MB') }]);
    expect(requested).toHaveLength(1);
    expect(requested[0]?.slice(0, 3)).toEqual([
      ...['follow', expect.stringMatching(/^spool=\/netdebug-[0-9a-f]{12}$/), 'seq=1'],
    ]);
    expect(requested[0]).toEqual(
      expect.arrayContaining(['start', 'count=1', 'linger=60', 'keep=60', 'files=8']),
    );
    expect(requested[0]?.at(-1)).toBe('expression=port 80');
  });

  it('has bounds in the pod too, slightly wider than its own', async () => {
    let words: string[] = [];
    await record(
      async (pod) => {
        ({ words } = await requestOf(pod));
        begins(pod);
        pod.writes('over complete 0\n');
        pod.on = (word) => word === 'info' && pod.exits(0);
      },
      {
        stream: false,
        spec: { ...SPEC, duration: milliseconds(1_500), maxBytes: bytes(10_001) },
        linger: milliseconds(100),
      },
    );
    expect(words).toEqual(expect.arrayContaining(['duration=5', 'maxkb=1011', 'linger=1']));
  });

  it('removes the spool if it cannot be acknowledged', async () => {
    const verbs: string[] = [];
    let spools = new Set<string>();
    const { outcome } = await record(
      async (pod) => {
        const { verb, words } = await requestOf(pod);
        verbs.push(verb);
        spools = spools.add(words[0] ?? '');
        if (verb === 'remove') {
          pod.exits(0);
          return;
        }
        begins(pod);
        pod.writes('over complete 0\n');
        pod.on = (word) => word === 'info' && pod.breaks();
      },
      { stream: false },
    );
    expect(outcome).toMatchObject({ end: 'complete', packets: 1 });
    expect(verbs).toEqual(['follow', 'remove']);
    expect(spools.size).toBe(1);
  });

  it('reports an interruption, and that nothing is missing', async () => {
    let connections = 0;
    const { outcome, notes } = await record(
      (pod) => {
        connections += 1;
        if (connections === 1) {
          begins(pod);
          setTimeout(() => pod.breaks(), 20);
          return;
        }
        pod.writes('hello 1 dumpcap eth0\nover complete 0\n');
        pod.on = (word) => word === 'info' && pod.exits(0);
      },
      { stream: false },
    );
    expect(outcome).toMatchObject({ packets: 1, interruptions: 1 });
    expect(notes.map(({ kind }) => kind)).toEqual(['capturing', 'connection-lost', 'resumed']);
  });

  it('that is lost lists what is saved and what is not', async () => {
    let connections = 0;
    const { outcome, output } = await record(
      (pod) => {
        connections += 1;
        if (connections === 1) {
          begins(pod);
          setTimeout(() => pod.breaks(), 20);
        } else {
          pod.writes('over lost 0\n');
          pod.exits(3);
        }
      },
      { stream: false },
    );
    // What is saved and what is lost.
    expect(outcome).toMatchObject({
      kind: 'lost',
      next: [
        expect.stringMatching(/\b1 packet \(100 B\).* \d\d:\d\d:\d\d\b/),
        expect.stringMatching(/ \d\d:\d\d:\d\d\b/),
      ],
    });
    expect(output.written).toEqual(FILE);
  });

  it('is streamed directly if there is no space, and gives the reason', async () => {
    const limits = { 'ephemeral-storage': '10M' };
    const containers = [{ name: 'main', resources: { limits } }];
    const { outcome, notes } = await record(
      (pod) => {
        pod.listens();
        pod.exits(0);
      },
      { stream: false },
      { ...POD, spec: { ...POD.spec, containers } },
    );
    expect(outcome).toMatchObject({ end: 'complete' });
    expect(notes[0]).toMatchObject({
      kind: 'no-spool',
      text: expect.stringMatching(/ 1\.3 MB .*\bephemeral-storage\b.* 10\.0 MB/),
    });
  });

  it('is streamed directly if the pod finds no space, and gives the reason', async () => {
    const { outcome, notes, output } = await record(
      async (pod) => {
        const { verb } = await requestOf(pod);
        if (verb === 'follow') {
          pod.writes('log Read-only file system\nover nospool 1\n');
          pod.exits(1);
        } else if (verb === 'remove') {
          pod.exits(3);
        } else {
          pod.listens();
          pod.writes(FILE);
          pod.exits(0);
        }
      },
      { stream: false },
    );
    expect(outcome).toMatchObject({ end: 'complete', packets: 1 });
    expect(notes[0]).toMatchObject({
      kind: 'no-spool',
      text: expect.stringContaining('Read-only file system'),
    });
    expect(output.written).toEqual(FILE);
  });

  it('is not used for text', async () => {
    let command: readonly string[] = [];
    const { notes } = await record(
      async (pod) => {
        await pod.started;
        ({ command } = pod);
        pod.exits(0);
      },
      { stream: false, format: 'text' },
    );
    expect(command).toContain('tcpdump');
    expect(notes).toEqual([]);
  });
});
