import { describe, expect, it, onTestFinished } from 'vitest';
import {
  captureTargets,
  type LiveCapture,
  type LiveOutcome,
} from '../../../../src/capture/live/captureTargets.ts';
import { MergedSink } from '../../../../src/capture/sinks/mergedSink.ts';
import { TextSink } from '../../../../src/capture/sinks/textSink.ts';
import { seconds } from '../../../../src/capture/units.ts';
import { debuggerContainer } from '../../../../src/debugger/container.ts';
import { everyPacket, test } from '../../../../src/filters/capture/captureFilter.ts';
import type { Pod } from '../../../../src/kube/pod.ts';
import type { ResolvedTarget } from '../../../../src/kube/targets/resolvedTarget.ts';
import type { Notice } from '../../../../src/notice.ts';
import { Problem } from '../../../../src/problem.ts';
import { podWithDebuggers, RUNNING } from '../../debugger/pods.ts';
import { fakeServer, json } from '../../kube/fakeServer.ts';
import { FilesForTest, wireshark } from '../../pcap/wireshark.ts';
import { FakeOutput, FakePod, pcapHeader } from '../fakePod.ts';

const SETTINGS = { image: 'netshoot:1', pullPolicy: 'IfNotPresent', ttl: 60 } as const;

function podNamed(name: string): Pod {
  const pod = podWithDebuggers([
    debuggerContainer('netdebug-network', { ...SETTINGS, profile: 'network' }),
    RUNNING,
  ]) as Pod;
  return { ...pod, metadata: { ...pod.metadata, name, uid: `uid-of-${name}` } };
}

const nameOf = (target: ResolvedTarget) => target.pod?.metadata.name ?? '';

/** A packet of 60 bytes at this second. */
function packetAt(second: number): Buffer {
  const record = Buffer.alloc(76);
  record.writeUInt32LE(second, 0);
  record.writeUInt32LE(60, 8);
  record.writeUInt32LE(60, 12);
  return record;
}

/** What happens in the pod with this name, given the verb that its client requests. */
type Act = (pod: FakePod, verb: string) => void;

interface Setting extends Partial<Omit<LiveCapture, 'targets'>> {
  readonly acts: Readonly<Record<string, Act>>;
  readonly output?: FakeOutput;
  readonly text?: boolean;
}

/** Captures all pods that have an act, except those that join. */
async function begun({ acts, text = false, output = new FakeOutput(), ...rest }: Setting) {
  const deleted = new Set<string>();
  const { api } = await fakeServer({
    rest: ({ path }, response) => {
      const name = path.split('/').at(-1) ?? '';
      if (deleted.has(name)) json(response, 404, { kind: 'Status', code: 404, reason: 'NotFound' });
      else json(response, 200, podNamed(name));
    },
    exec: async (socket, request) => {
      const pod = new FakePod(socket, request);
      const name = /pods\/([^/]+)\/exec/.exec(request.url ?? '')?.[1] ?? '';
      await pod.started;
      if (pod.command.some((word) => word.includes('/proc/uptime\necho'))) {
        pod.writes(`100.00 ${(Date.now() / 1000).toFixed(3)}\n`);
        pod.exits(0);
      } else {
        const verb = pod.command[pod.command.indexOf('netdebug') + 1] ?? 'tcpdump';
        if (verb === 'remove') pod.exits(0);
        else acts[name]?.(pod, verb);
      }
    },
  });
  onTestFinished(() => api.close());
  const notes: Notice[] = [];
  const [interrupt, abandon] = [new AbortController(), new AbortController()];
  const { spec = { filter: everyPacket } } = rest;
  const sink = text
    ? new TextSink(output, (target) => `${nameOf(target)} `, spec)
    : new MergedSink(api.access, output, spec);
  const outcome = captureTargets(api, {
    targets: Object.keys(acts)
      .filter((name) => !name.startsWith('joins'))
      .map((name) => ({ pod: podNamed(name) })),
    sink,
    nameOf,
    format: text ? 'text' : 'pcap',
    settings: SETTINGS,
    linger: seconds(60),
    spec,
    followPods: false,
    maxPods: 50,
    interrupt: interrupt.signal,
    abandon: abandon.signal,
    progress: {
      note: (notice) => notes.push(notice),
      waiting: () => {},
      capturing: (text, _now, target) =>
        notes.push({ kind: 'capturing', text, ...(target !== undefined && { target }) }),
    },
    ...rest,
  }).catch((error: unknown) => error);
  return { outcome, output, notes, interrupt, deleted };
}

/** Records packets at these seconds through a spool, and ends normally afterwards, or when asked to. */
function records(seconds: readonly number[], until: 'the end' | 'told' = 'the end'): Act {
  return (pod) => {
    const file = Buffer.concat([pcapHeader(), ...seconds.map(packetAt)]);
    pod.writes(`hello 1 dumpcap eth0\ndata 1 0 ${file.length}\n`);
    pod.writes(file);
    const over = `end 1 ${file.length}\nover %s 0 captured=${seconds.length} received=${seconds.length} dropped=0\n`;
    let requests = 0;
    pod.on = (word) => {
      if (word !== 'info') return;
      requests += 1;
      if (until === 'told' && requests === 1) pod.writes(over.replace('%s', 'stopped'));
      else pod.exits(0);
    };
    if (until === 'the end') pod.writes(over.replace('%s', 'complete'));
  };
}

/** The same, but its packets arrive after every recorder has been heard from. */
function recordsLater(seconds: readonly number[]): Act {
  return (pod) => {
    const packets = Buffer.concat(seconds.map(packetAt));
    pod.on = (word) => word === 'info' && pod.exits(0);
    pod.writes(`hello 1 dumpcap eth0\ndata 1 0 24\n`);
    pod.writes(pcapHeader());
    setTimeout(() => {
      pod.writes(`data 1 24 ${packets.length}\n`);
      pod.writes(packets);
      pod.writes(`end 1 ${24 + packets.length}\nover complete 0\n`);
    }, 500);
  };
}

/** A recording that arrives and is then lost for good. */
const isLost: Act = (pod) => {
  pod.writes('hello 1 dumpcap eth0\nover lost 0\n');
  pod.exits(3);
};

const fails: Act = (pod) => {
  pod.says('spool: cannot make /x', 'and more');
  pod.exits(1);
};

/** The kinds of the notices about a target. */
function kindsOf(notes: readonly Notice[], name: string): readonly string[] {
  return notes.flatMap(({ kind, target }) => (target === name ? kind : []));
}

describe('a capture of several targets', () => {
  it('merges them in the order of time; each is an interface that names its pod', async () => {
    const { outcome, output } = await begun({
      acts: { a: recordsLater([10, 40, 60]), b: recordsLater([20, 30, 50]) },
      spec: { filter: test('port 80') },
    });
    expect(await outcome).toMatchObject({
      end: 'complete',
      targets: [{ packets: 3 }, { packets: 3 }],
    });
    using files = new FilesForTest();
    const file = files.write('merged.pcapng', output.written);
    const fields = ['-T', 'fields', '-e', 'frame.interface_name', '-e', 'frame.time_epoch'];
    const lines = wireshark('tshark', '-n', '-r', file, ...fields)
      .trimEnd()
      .split('\n');
    expect(lines.map((line) => line.replace(/(\d+)\.0+$/, '$1').split('\t'))).toEqual(
      [10, 20, 30, 40, 50, 60].map((second) => [
        `shop/${[10, 40, 60].includes(second) ? 'a' : 'b'}/eth0`,
        String(second),
      ]),
    );
    expect(wireshark('capinfos', file)).toMatch(/Filter string = port 80/);
  });

  it('continues when one fails, and reports the failure at once and at the end', async () => {
    const { outcome, notes, interrupt, output } = await begun({
      acts: { bad: fails, good: records([10, 20], 'told') },
    });
    await expect.poll(() => kindsOf(notes, 'bad')).toEqual(['target-failed']);
    interrupt.abort(new Error('Ctrl-C'));
    expect(await outcome).toMatchObject({
      end: 'interrupted',
      targets: [
        { packets: 0, problem: { message: 'spool: cannot make /x\nand more' } },
        { packets: 2, outcome: { statistics: { captured: 2 } } },
      ],
    });
    expect(notes.find(({ target }) => target === 'bad')?.next).toContain('and more');
    expect(output.closed).toBe(1);
  });

  it('fails, and creates no file, if none of them can begin', async () => {
    const { outcome, output, notes } = await begun({ acts: { first: fails, two: fails } });
    expect(await outcome).toMatchObject({ name: 'Problem', kind: 'recorder' });
    expect(notes.map(({ kind }) => kind)).toEqual(['target-failed', 'target-failed']);
    expect(output.written).toHaveLength(0);
  });

  it('writes the fate of a lost pod into the file', async () => {
    const { outcome, output } = await begun({
      acts: {
        lost: (pod, verb) => {
          pod.writes(`hello 1 dumpcap eth0\ndata 1 0 100\n`);
          pod.writes(Buffer.concat([pcapHeader(), packetAt(10)]));
          isLost(pod, verb);
        },
        good: records([20]),
      },
    });
    const { targets } = (await outcome) as LiveOutcome;
    expect(targets).toMatchObject([{ packets: 1, problem: { kind: 'lost' } }, { packets: 1 }]);
    // A comment in the file, too.
    expect(output.written.toString('latin1')).toContain(targets[0]?.problem?.message);
  });

  it('ends after the requested number of packets, of all pods together', async () => {
    const { outcome } = await begun({
      acts: { a: records([10, 20, 30], 'told'), b: records([11, 21, 31], 'told') },
      spec: { filter: everyPacket, count: 4 },
    });
    expect(await outcome).toMatchObject({ end: 'complete' });
  });

  it('ends when the output accepts no more data, and gives the reason once', async () => {
    const output = new FakeOutput();
    output.room = 300;
    const { outcome, notes } = await begun({
      acts: { a: records([10, 20, 30], 'told'), b: records([11, 21, 31], 'told') },
      output,
    });
    expect(await outcome).toMatchObject({ kind: 'disk-full' });
    expect(notes.filter(({ kind }) => kind === 'target-failed')).toEqual([]);
  });

  it('is joined by new pods; pods that are deleted then are not a failure', async () => {
    async function* additions(signal: AbortSignal) {
      yield { pod: podNamed('joins-later'), filter: everyPacket, text: 'joins the capture' };
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
    }
    const { outcome, notes, interrupt, deleted } = await begun({
      acts: {
        first: (pod, verb) => {
          deleted.add('first');
          isLost(pod, verb);
        },
        'joins-later': records([10], 'told'),
      },
      additions,
      followPods: true,
    });
    await expect.poll(() => kindsOf(notes, 'first')).toContain('target-ended');
    await expect.poll(() => kindsOf(notes, 'joins-later')).toContain('target-joined');
    await expect
      .poll(() => notes.filter(({ kind }) => kind === 'capturing').map(({ text }) => text))
      .toContainEqual(expect.stringMatching(/ eth0 .* shop\/joins-later/));
    interrupt.abort(new Error('Ctrl-C'));
    const result = await outcome;
    expect(result).toMatchObject({ targets: [{}, { packets: 1 }] });
    expect(result).not.toHaveProperty('targets.0.problem');
  });

  it('fails when a pod is deleted and only addresses of peers may join', async () => {
    async function* additions(signal: AbortSignal) {
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      yield* [];
    }
    const { outcome, deleted } = await begun({ acts: { first: fails, other: isLost }, additions });
    for (const name of ['first', 'other']) deleted.add(name);
    expect(await outcome).toMatchObject({ targets: [{ problem: {} }, { problem: {} }] });
    const alone = await begun({ acts: { first: fails }, additions });
    alone.deleted.add('first');
    expect(await alone.outcome).toBeInstanceOf(Problem);
  });

  it('of fifty pods begins with all at once, and a lost one does not disturb the others', async () => {
    const names = Array.from({ length: 50 }, (_, index) => `web-${index}`);
    const acts = Object.fromEntries(names.map((name) => [name, records([10], 'told')]));
    const { outcome, notes, interrupt } = await begun({ acts: { ...acts, 'web-7': isLost } });
    const listening = () => notes.filter(({ kind }) => kind === 'capturing').length;
    await expect.poll(listening).toBe(50);
    await expect.poll(() => kindsOf(notes, 'web-7')).toEqual(['capturing', 'target-failed']);
    interrupt.abort(new Error('Ctrl-C'));
    const { targets } = (await outcome) as LiveOutcome;
    expect(targets.filter(({ outcome }) => outcome?.packets === 1)).toHaveLength(49);
    expect(targets.flatMap(({ target, problem }) => (problem ? nameOf(target) : []))).toEqual([
      'web-7',
    ]);
  });

  it('as text begins each line with its pod, and writes whole lines', async () => {
    const says =
      (...lines: string[]): Act =>
      (pod) => {
        pod.listens();
        for (const line of lines) pod.writes(line);
        pod.exits(0);
      };
    const { outcome, output } = await begun({
      acts: { a: says('10 IP x\n\tmore\n', '11 ', 'IP y\n'), b: says('12 IP z\n') },
      text: true,
    });
    expect(await outcome).toMatchObject({ targets: [{ packets: 2 }, { packets: 1 }] });
    expect(output.written.toString().trimEnd().split('\n').sort()).toEqual(
      ['a 10 IP x', 'a \tmore', 'a 11 IP y', 'b 12 IP z'].sort(),
    );
  });
});
