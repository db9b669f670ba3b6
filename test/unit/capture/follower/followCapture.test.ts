import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  type FollowOptions,
  followCapture,
  SpoolRefused,
} from '../../../../src/capture/follower/followCapture.ts';
import {
  Follower,
  FollowerNotStarted,
  type FollowerOptions,
  RecordingLost,
} from '../../../../src/capture/follower/follower.ts';
import { RecorderProblem } from '../../../../src/capture/recorderProblem.ts';
import { LeasedProcess } from '../../../../src/debugger/leasedProcess.ts';
import { LoginExpired } from '../../../../src/kube/loginRenewals.ts';
import { OutputClosed } from '../../../../src/output/output.ts';
import { PacketCutter } from '../../../../src/pcap/packetCutter.ts';
import { fakeServer } from '../../kube/fakeServer.ts';
import { FakeOutput, FakePod, packet, pcapHeader } from '../fakePod.ts';
import { attaching, FakeSpool } from './fakeSpool.ts';

const PLACE = { namespace: 'shop', pod: 'web', container: 'netdebug-network' };

/** What the pod does on each connection; the first one has number 1. */
type Act = (pod: FakePod, connection: number) => void;

interface Setting extends Partial<FollowerOptions>, Partial<Omit<FollowOptions, 'follower'>> {
  /** The HTTP status with which a connection is refused, by its number. */
  readonly refuse?: (connection: number) => number | undefined;
  readonly output?: FakeOutput;
}

/** A capture that has begun to follow, and its results. */
async function begun(act: Act, setting: Setting = {}) {
  let count = 0;
  const { access, connections } = await fakeServer({
    refuse: () => {
      count += 1;
      return setting.refuse?.(count);
    },
    exec: (socket, request) => act(new FakePod(socket, request), count),
  });
  const cuts: string[] = [];
  let resumed = 0;
  const follower = new Follower({
    attach: attaching(access),
    linger: 60_000,
    goneReason: async () => undefined,
    onDisconnect: (reason) => cuts.push(reason),
    onResumed: () => {
      resumed += 1;
    },
    ...setting,
  });
  onTestFinished(() => follower.close());
  const [interrupt, abandon] = [new AbortController(), new AbortController()];
  const output = setting.output ?? new FakeOutput();
  const packets = setting.packets ?? new PacketCutter();
  const removeSpool = vi.fn(async () => {});
  const outcome = followCapture({
    packets,
    fileBytes: 1000,
    interrupt: interrupt.signal,
    abandon: abandon.signal,
    removeSpool,
    ...setting,
    output,
    follower,
  }).catch((error: unknown) => error);
  const nothingIsLeft = async () => {
    await vi.waitFor(() => expect(connections.size).toBe(0), { interval: 2 });
    expect(output.closed).toBeGreaterThan(0);
  };
  const reasons = { cuts, resumed: () => resumed };
  const signals = { interrupt, abandon };
  return { outcome, output, packets, follower, removeSpool, nothingIsLeft, ...signals, ...reasons };
}

const arrived = (output: FakeOutput, bytes: number) =>
  vi.waitFor(() => expect(output.written.length).toBe(bytes), { interval: 1 });

const HEADER = pcapHeader();
const [SMALL, LARGE] = [packet(60), packet(1400)];

/** A file of these bytes, some of which have arrived; the client keeps listening. */
function begins(pod: FakePod, ...parts: readonly Buffer[]): void {
  const bytes = Buffer.concat(parts);
  pod.writes(
    Buffer.concat([Buffer.from(`hello 1 tcpdump eth0\ndata 1 0 ${bytes.length}\n`), bytes]),
  );
}

/** Ends normally when asked to, with its last bytes, and removes the spool when asked again. */
function endsInOrder(pod: FakePod, offset: number, ...last: readonly Buffer[]): void {
  let requests = 0;
  pod.on = (word) => {
    if (word !== 'info') return;
    requests += 1;
    if (requests > 1) return pod.exits(0);
    const bytes = Buffer.concat(last);
    pod.writes(Buffer.concat([Buffer.from(`data 1 ${offset} ${bytes.length}\n`), bytes]));
    pod.writes('over stopped 0 captured=3 received=5 dropped=2\n');
  };
}

const COUNTS = { captured: 3, receivedByFilter: 5, droppedByKernel: 2 };

afterEach(() => {
  vi.useRealTimers();
});

describe('a followed capture', () => {
  it('is one file of all packets, synced before the spool is removed', async () => {
    const spool = new FakeSpool([60, 1400], [], [10], [9000, 1]);
    const output = new FakeOutput();
    let closedAtEnd = 0;
    const { outcome, packets, removeSpool, nothingIsLeft } = await begun(
      async (pod) => {
        await spool.serves(pod);
        const end = pod.on;
        pod.on = (word) => {
          if (word === 'info') closedAtEnd = output.closed;
          end(word);
        };
      },
      { output },
    );
    expect(await outcome).toMatchObject({ statistics: COUNTS, gaps: [] });
    expect(output.written).toEqual(spool.joined);
    expect(packets.packets).toBe(5);
    expect(closedAtEnd).toBe(1);
    expect(removeSpool).not.toHaveBeenCalled();
    expect(spool).toMatchObject({ positions: [{ seq: 1, offset: 0 }], starts: 1 });
    await nothingIsLeft();
  });

  it('resumes at the byte where it was cut', async () => {
    const spool = new FakeSpool([60, 1400], [10], [], [9000, 1]);
    const whole = spool.from({ seq: 1, offset: 0 }).length;
    const hello = Buffer.from('hello 1 tcpdump eth0\n').length;
    // Each connection delivers a few hundred bytes and ends in one of these ways.
    const ends: ((pod: FakePod) => void)[] = [
      (pod) => pod.breaks(),
      (pod) => pod.closes(),
      (pod) => pod.exits(143),
    ];
    const length = 700;
    const { outcome, output, cuts, resumed, follower } = await begun(async (pod, number) => {
      const position = await spool.requestedPosition(pod);
      const bytes = spool.from(position);
      pod.on = (word) => word === 'info' && pod.exits(0);
      pod.writes(bytes.subarray(0, hello + length));
      if (bytes.length <= hello + length) pod.writes('over complete 0\n');
      else setTimeout(() => ends[number % 3]?.(pod), 5);
    });
    expect(await outcome).toMatchObject({ gaps: [] });
    expect(output.written.equals(spool.joined)).toBe(true);
    expect(cuts.length).toBeGreaterThan(whole / length / 2);
    expect(follower.interruptions).toBe(cuts.length);
    expect(resumed()).toBe(cuts.length);
    // Only the first connection starts the recorder.
    expect(spool.starts).toBe(1);
  });

  it('attaches again with growing pauses if each connection ends after its hello', async () => {
    const spool = new FakeSpool([60]);
    const begins: number[] = [];
    const { outcome, output } = await begun(async (pod, number) => {
      begins.push(performance.now());
      const position = await spool.requestedPosition(pod);
      pod.on = (word) => word === 'info' && pod.exits(0);
      if (number < 3) {
        pod.writes('hello 1 tcpdump eth0\n');
        setTimeout(() => pod.breaks(), 5);
      } else {
        pod.writes(spool.from(position));
        pod.writes('over complete 0\n');
      }
    });
    await outcome;
    expect(output.written.equals(spool.joined)).toBe(true);
    const pauses = begins.slice(1).map((at, index) => at - (begins[index] ?? 0));
    expect(pauses.at(-1)).toBeGreaterThan(500);
  });

  it.each([401, 429, 500, 503])('continues after refusals with %i', async (code) => {
    const spool = new FakeSpool([60], [70]);
    const { outcome, output, cuts } = await begun(
      (pod, number) => {
        if (number > 1) void spool.serves(pod);
        else {
          begins(pod, HEADER);
          setTimeout(() => pod.breaks(), 20);
        }
      },
      { refuse: (number) => (number === 2 || number === 3 ? code : undefined) },
    );
    expect(await outcome).toMatchObject({ end: 'complete' });
    expect(output.written).toEqual(spool.joined);
    expect(cuts).toHaveLength(1);
    expect(spool.positions).toEqual([{ seq: 1, offset: 24 }]);
  });

  it('resumes when no data arrives and the connection stays open', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const spool = new FakeSpool([60], [70]);
    const { outcome, output, cuts } = await begun((pod, number) => {
      if (number > 1) void spool.serves(pod);
      else begins(pod, HEADER);
    });
    await vi.waitFor(() => expect(output.written.length).toBe(24), { interval: 2 });
    vi.advanceTimersByTime(10_000);
    expect(await outcome).toMatchObject({ end: 'complete' });
    expect(output.written).toEqual(spool.joined);
    expect(cuts).toHaveLength(1);
  });

  it('resumes when only its output ends and the connection stays open', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const spool = new FakeSpool([60], [70]);
    const { outcome, output, cuts } = await begun((pod, number) => {
      if (number > 1) return void spool.serves(pod);
      begins(pod, HEADER);
      pod.endsOutput();
    });
    await vi.waitFor(() => expect(output.written.length).toBe(24), { interval: 2 });
    const passing = setInterval(() => vi.advanceTimersByTime(1_000), 20);
    onTestFinished(() => clearInterval(passing));
    expect(await outcome).toMatchObject({ end: 'complete' });
    expect(output.written).toEqual(spool.joined);
    expect(cuts).toHaveLength(1);
  });

  it('needs no exit status to know that everything arrived, and removes the spool', async () => {
    const spool = new FakeSpool([60], [70]);
    const { outcome, output, removeSpool } = await begun(async (pod) => {
      await spool.serves(pod);
      pod.on = (word) => word === 'info' && pod.closes();
    });
    expect(await outcome).toMatchObject({ end: 'complete', statistics: COUNTS });
    expect(output.written).toEqual(spool.joined);
    expect(removeSpool).toHaveBeenCalledOnce();
  });

  it('starts the recorder again if it is not known to run', async () => {
    const spool = new FakeSpool([60]);
    const { outcome, output } = await begun(async (pod, number) => {
      if (number > 1) await spool.serves(pod);
      else {
        await spool.requestedPosition(pod);
        pod.breaks();
      }
    });
    expect(await outcome).toMatchObject({ end: 'complete' });
    expect(output.written).toEqual(spool.joined);
    expect(spool.starts).toBe(2);
  });

  it('waits for a slow output without treating the pod as silent', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const spool = new FakeSpool([60, 70]);
    const output = new FakeOutput();
    const gate = Promise.withResolvers<void>();
    output.ready = gate.promise;
    const { outcome, cuts, removeSpool } = await begun((pod) => void spool.serves(pod), {
      output,
    });
    await vi.waitFor(() => expect(spool.positions).toHaveLength(1), { interval: 2 });
    await new Promise((resolve) => setImmediate(resolve));
    vi.advanceTimersByTime(60_000);
    gate.resolve();
    expect(await outcome).toMatchObject({ end: 'complete' });
    expect(cuts).toEqual([]);
    expect(removeSpool).not.toHaveBeenCalled();
  });
});

describe('an interface that comes back with another link type', () => {
  /** The second file has packets without a link header (LINKTYPE_RAW). */
  function changing() {
    const spool = new FakeSpool([60], [10, 20], [30]);
    for (const number of [2, 3]) spool.files.get(number)?.writeUInt32LE(101, 20);
    return spool;
  }

  it('begins a new file with its own header', async () => {
    const spool = changing();
    const output = new FakeOutput();
    const onNewLinkType = vi.fn();
    const before: number[] = [];
    const nextFile = async () => {
      before.push(output.written.length);
      return 'x-2.pcap';
    };
    const { outcome, packets } = await begun((pod) => void spool.serves(pod), {
      output: Object.assign(output, { nextFile }),
      onNewLinkType,
    });
    expect(await outcome).not.toHaveProperty('earlyEnd');
    const [first, second, third] = [1, 2, 3].map((number) => spool.files.get(number) as Buffer);
    expect(before).toEqual([first?.length]);
    expect(output.written).toEqual(
      Buffer.concat([first as Buffer, second as Buffer, third?.subarray(24) as Buffer]),
    );
    expect(packets.packets).toBe(4);
    expect(onNewLinkType.mock.calls).toEqual([
      [expect.stringMatching(/^eth0 .*RAW.*EN10MB.* x-2\.pcap$/)],
    ]);
  });

  it('ends the capture early if there is only one stream', async () => {
    const spool = changing();
    const { outcome, output } = await begun((pod) => void spool.serves(pod));
    expect(await outcome).toMatchObject({
      end: 'early',
      earlyEnd: { kind: 'link-type-changed', why: expect.stringMatching(/RAW/) },
    });
    expect(output.written).toEqual(spool.files.get(1));
  });
});

describe('a ring that overran the client', () => {
  it('in the middle of a file: the last packet is dropped, and the next file follows', async () => {
    const onGap = vi.fn();
    const { outcome, output, packets } = await begun(
      (pod) => {
        begins(pod, HEADER, SMALL, LARGE.subarray(0, 500));
        const next = Buffer.concat([HEADER, packet(77)]);
        pod.writes(`gap 1 3\ndata 4 0 ${next.length}\n`);
        pod.writes(next);
        pod.writes(`end 4 ${next.length}\nover complete 0\n`);
        pod.on = (word) => word === 'info' && pod.exits(0);
      },
      { onGap },
    );
    const gap = { first: 1, last: 3, bytes: 3000 - 24 - SMALL.length - 500 };
    expect(await outcome).toMatchObject({ gaps: [gap] });
    expect(onGap).toHaveBeenCalledExactlyOnceWith(gap);
    expect(output.written).toEqual(Buffer.concat([HEADER, SMALL, packet(77)]));
    expect(packets.packets).toBe(2);
  });

  it('before any data arrived: the header is that of the oldest remaining file', async () => {
    const file = Buffer.concat([HEADER, SMALL]);
    const { outcome, output } = await begun((pod) => {
      pod.writes(`hello 1 dumpcap eth0\ngap 1 8\ndata 9 0 ${file.length}\n`);
      pod.writes(file);
      pod.writes(`end 9 ${file.length}\nover complete 0\n`);
      pod.on = (word) => word === 'info' && pod.exits(0);
    });
    expect(await outcome).toMatchObject({ gaps: [{ first: 1, last: 8, bytes: 8000 }] });
    expect(output.written).toEqual(file);
  });
});

describe('the end of a followed capture', () => {
  it('interrupted: stops the recorder, whose remaining packets still arrive', async () => {
    const { outcome, output, interrupt, nothingIsLeft } = await begun((pod) => {
      endsInOrder(pod, 24 + SMALL.length, LARGE);
      begins(pod, HEADER, SMALL);
    });
    await arrived(output, 24 + SMALL.length);
    interrupt.abort();
    expect(await outcome).toMatchObject({
      ...{ end: 'interrupted', statistics: COUNTS },
    });
    expect(output.written).toEqual(Buffer.concat([HEADER, SMALL, LARGE]));
    await nothingIsLeft();
  });

  it.each([
    ['while the connection is lost', 0],
    ['while it is re-established', 150],
  ])('interrupted %s: signals the script only once it listens', async (_, delay) => {
    const words: string[] = [];
    let spoke = false;
    const { outcome, output, interrupt, cuts } = await begun((pod, number) => {
      if (number === 1) {
        begins(pod, HEADER, SMALL);
        setTimeout(() => pod.breaks(), 30);
        return;
      }
      endsInOrder(pod, 24 + SMALL.length, LARGE);
      const { on } = pod;
      pod.on = (word) => {
        if (!spoke) words.push(word);
        on(word);
      };
      setTimeout(() => {
        spoke = true;
        pod.writes('hello 1 tcpdump eth0\n');
      }, 300);
    });
    await vi.waitFor(() => expect(cuts).toHaveLength(1), { interval: 2 });
    await wait(delay);
    interrupt.abort();
    expect(await outcome).toMatchObject({ end: 'interrupted' });
    expect(output.written).toEqual(Buffer.concat([HEADER, SMALL, LARGE]));
    // The signal would kill a script that has not sent hello.
    expect(words).not.toContain('info');
  });

  it('abandoned: at once, with the packets that arrived', async () => {
    const { outcome, output, interrupt, abandon, removeSpool, nothingIsLeft } = await begun((pod) =>
      begins(pod, HEADER, SMALL, LARGE.subarray(0, 99)),
    );
    await arrived(output, 24 + SMALL.length);
    interrupt.abort();
    await wait(50);
    abandon.abort();
    expect(await outcome).toMatchObject({ end: 'abandoned' });
    expect(removeSpool).toHaveBeenCalledOnce();
    expect(output.written).toEqual(Buffer.concat([HEADER, SMALL]));
    await nothingIsLeft();
  });

  it('duration: counted from when the recorder listens', async () => {
    const { outcome, output } = await begun(
      async (pod) => {
        endsInOrder(pod, 24 + SMALL.length, LARGE);
        await wait(150);
        expect(pod.words).not.toContain('info');
        begins(pod, HEADER, SMALL);
      },
      { duration: 60 },
    );
    expect(await outcome).toMatchObject({ end: 'duration', statistics: COUNTS });
    expect(output.written).toEqual(Buffer.concat([HEADER, SMALL, LARGE]));
  });

  it('size: exactly at a packet boundary; the rest is not written', async () => {
    const limit = 24 + SMALL.length + LARGE.length - 1;
    const { outcome, output } = await begun(
      (pod) => {
        endsInOrder(pod, 24 + SMALL.length + LARGE.length, LARGE, LARGE);
        begins(pod, HEADER, SMALL, LARGE);
      },
      { packets: new PacketCutter(limit) },
    );
    expect(await outcome).toMatchObject({ end: 'size', statistics: COUNTS });
    expect(output.written).toEqual(Buffer.concat([HEADER, SMALL]));
  });

  it('reader-gone: by an event, or on a failed write', async () => {
    const follower = await begun((pod) => {
      endsInOrder(pod, 24, SMALL);
      begins(pod, HEADER);
    });
    await arrived(follower.output, 24);
    follower.output.readerGone();
    expect(await follower.outcome).toMatchObject({ end: 'reader-gone', statistics: COUNTS });
    expect(follower.output.written).toEqual(HEADER);

    const output = new FakeOutput();
    output.failure = new OutputClosed('gone');
    const noticed = await begun(
      (pod) => {
        endsInOrder(pod, 24, SMALL);
        begins(pod, HEADER);
      },
      { output },
    );
    expect(await noticed.outcome).toMatchObject({ end: 'reader-gone' });
  });

  it('abandons a recording that nobody needs if its end does not arrive', async () => {
    const { outcome, output, follower, removeSpool } = await begun((pod) => begins(pod, HEADER));
    await arrived(output, 24);
    output.readerGone();
    expect(await outcome).toMatchObject({ end: 'reader-gone' });
    expect(removeSpool).toHaveBeenCalledOnce();
    expect(follower.interruptions).toBe(0);
  });

  it('a full disk: the file ends with a whole packet', async () => {
    const output = new FakeOutput();
    output.room = 24 + SMALL.length + 700;
    const { outcome, nothingIsLeft } = await begun(
      (pod) => {
        endsInOrder(pod, 24 + SMALL.length + LARGE.length, LARGE);
        begins(pod, HEADER, SMALL, LARGE);
      },
      { output },
    );
    expect(await outcome).toMatchObject({ kind: 'disk-full' });
    expect(output.written).toEqual(Buffer.concat([HEADER, SMALL]));
    await nothingIsLeft();
  });

  it.each([
    ['complete', 'complete'],
    ['duration', 'duration'],
    ['size', 'size'],
  ])('by the recorder: %s', async (why, end) => {
    const spool = new FakeSpool([60]);
    const { outcome, output } = await begun(
      (pod) => void spool.serves(pod, `over ${why} 0 captured=1\n`),
    );
    expect(await outcome).toMatchObject({ end, statistics: { captured: 1 } });
    expect(output.written).toEqual(spool.joined);
  });

  it.each([
    ['lease 0', 'client-silent'],
    ['floor 0', 'disk-low'],
    ['full 0', 'disk-full'],
    ['ended 0', 'container-ended'],
    ['interrupted 137', 'recorder-killed'],
    ['engine 0', 'engine-exited'],
    ['engine 137', 'engine-killed'],
    ['whatever 0', 'unknown'],
  ])('that was not requested: %s is early, and what arrived is kept', async (over, kind) => {
    const spool = new FakeSpool([60]);
    const { outcome, output } = await begun((pod) => void spool.serves(pod, `over ${over}\n`));
    expect(await outcome).toMatchObject({
      end: 'early',
      earlyEnd: { at: expect.any(Number), kind },
    });
    expect(output.written).toEqual(spool.joined);
  });

  it('of a recording that another client stopped', async () => {
    const spool = new FakeSpool([60]);
    const { outcome, output, nothingIsLeft } = await begun(
      (pod) => void spool.serves(pod, 'over stopped 0\n'),
    );
    expect(await outcome).toMatchObject({ kind: 'interrupted' });
    expect(output.written).toEqual(spool.joined);
    await nothingIsLeft();
  });

  it('by Ctrl-C while the interface is missing: nothing was recorded since then', async () => {
    const onOutage = vi.fn();
    const spool = new FakeSpool([60]);
    const { outcome } = await begun(
      (pod) =>
        void spool.serves(pod, 'outage 1795527948 - 1\noutage 1795527948 - 1\nover duration 0\n'),
      { onOutage },
    );
    expect(await outcome).toMatchObject({
      end: 'duration',
      earlyEnd: { kind: 'interface-gone', at: 1_795_527_948 },
    });
    expect(onOutage).toHaveBeenCalledOnce();
  });

  it('after the interface has come back is not early', async () => {
    const onOutage = vi.fn();
    const spool = new FakeSpool([60]);
    const { outcome } = await begun(
      (pod) =>
        void spool.serves(
          pod,
          'outage 1795527948 - 1\noutage 1795527948 1795527950 1\nover duration 0\n',
        ),
      { onOutage },
    );
    expect(await outcome).not.toHaveProperty('earlyEnd');
    expect(onOutage).toHaveBeenCalledTimes(2);
  });

  it.each([
    [' -', null],
    [' 3', 3],
    // A recorder of an earlier version counts nothing.
    ['', null],
  ])(
    'with the loss of an interface: packets lost with it (outage 5 - 1%s)',
    async (count, lost) => {
      const spool = new FakeSpool([60]);
      const { outcome } = await begun(
        (pod) => void spool.serves(pod, `outage 5 - 1${count}\nover duration 0\n`),
      );
      expect(await outcome).toMatchObject({ earlyEnd: { lost } });
    },
  );

  it('without a packet: other traffic on the interfaces', async () => {
    const spool = new FakeSpool([]);
    const frames =
      'passed any 9\npassed eth0 7\nconnected 15006 3 8080\nover complete 0 captured=0\n';
    const { outcome } = await begun((pod) => void spool.serves(pod, frames));
    expect(await outcome).toMatchObject({
      unmatched: {
        device: 'eth0',
        passed: [
          { device: 'any', packets: 9 },
          { device: 'eth0', packets: 7 },
        ],
        connected: [{ port: 15006, connections: 3, redirectedFrom: [8080] }],
      },
    });
  });

  it('the message of the engine, unchanged', async () => {
    const { outcome, output } = await begun((pod) => {
      pod.writes('log tcpdump: eth9: No such device exists\nover engine 1\n');
      pod.on = (word) => word === 'info' && pod.exits(0);
    });
    const error = await outcome;
    expect(error).toBeInstanceOf(RecorderProblem);
    expect(error).toMatchObject({ exitStatus: 1, stderr: 'tcpdump: eth9: No such device exists' });
    expect(output.written).toHaveLength(0);
  });
});

describe('a recording that cannot be followed', () => {
  it.each(['nospool', 'full'])('no space, reported before it began: %s', async (why) => {
    const { outcome, output } = await begun((pod) => {
      pod.writes(`log mkdir: Read-only file system\nover ${why} 1\n`);
      pod.exits(1);
    });
    expect(await outcome).toBeInstanceOf(SpoolRefused);
    expect(String(await outcome)).toMatch(/mkdir: Read-only file system/);
    // It is written to by other means.
    expect(output.closed).toBe(0);
  });

  it('a shell that cannot run the script, with its message', async () => {
    const { outcome } = await begun((pod) => {
      pod.says('sh: mkdir: not found');
      pod.exits(127);
    });
    const error = await outcome;
    expect(error).toBeInstanceOf(FollowerNotStarted);
    expect(error).toMatchObject({ exitStatus: 127, stderr: 'sh: mkdir: not found' });
  });

  it('a server that refuses from the start: at once, with its message', async () => {
    const { outcome, cuts } = await begun(() => {}, { refuse: () => 403 });
    expect(await outcome).toMatchObject({ name: 'ApiError', code: 403 });
    expect(cuts).toEqual([]);
  });

  it('a pod that is unreachable for longer than the recorder lingers', async () => {
    const { outcome, output, nothingIsLeft } = await begun(
      (pod) => {
        begins(pod, HEADER, SMALL, LARGE.subarray(0, 100));
        setTimeout(() => pod.breaks(), 20);
      },
      { linger: 500, refuse: (number) => (number > 1 ? 503 : undefined) },
    );
    const error = await outcome;
    expect(error).toBeInstanceOf(RecordingLost);
    expect(String(error)).toMatch(/\b\d+ s\b/);
    expect(output.written).toEqual(Buffer.concat([HEADER, SMALL]));
    await nothingIsLeft();
  });

  it('a login that is not renewed: an error about the login, as soon as the user is no longer asked', async () => {
    const lost = new LoginExpired('your login has expired', true, undefined);
    let attempts = 0;
    const { access } = await fakeServer({
      exec: (socket, request) => {
        const pod = new FakePod(socket, request);
        begins(pod, HEADER, SMALL);
        setTimeout(() => pod.breaks(), 20);
      },
    });
    const { outcome } = await begun(() => {}, {
      attach: ({ seq, offset }, start, signal) => {
        attempts += 1;
        if (attempts > 1) throw lost;
        const command = ['follow', String(seq), String(offset), String(start)];
        return LeasedProcess.start(access, PLACE, { command }, signal);
      },
    });
    expect(await outcome).toMatchObject({ message: lost.message, next: lost.next });
    expect(await outcome).toBeInstanceOf(RecordingLost);
    expect(attempts).toBe(2);
  });

  it('connections that end as soon as they are open, for longer than the recorder lingers', async () => {
    const { outcome } = await begun(
      (pod, number) => {
        if (number === 1) begins(pod, HEADER, SMALL);
        setTimeout(() => pod.breaks(), 20);
      },
      { linger: 500 },
    );
    expect(await outcome).toBeInstanceOf(RecordingLost);
  });

  it('a script that fails repeatedly', async () => {
    const { outcome } = await begun((pod) => {
      pod.writes('hello 1 tcpdump eth0\n');
      pod.says('sh: out of memory');
      setTimeout(() => pod.exits(2), 10);
    });
    expect(await outcome).toMatchObject({ stderr: 'sh: out of memory', exitStatus: 2 });
  });

  it('a deleted pod, as soon as the cluster reports it', async () => {
    const { outcome, output } = await begun(
      (pod) => {
        begins(pod, HEADER, SMALL);
        setTimeout(() => pod.breaks(), 20);
      },
      {
        refuse: (number) => (number > 1 ? 404 : undefined),
        goneReason: async () => 'pod "web" was deleted',
      },
    );
    expect(String(await outcome)).toMatch(/pod "web" was deleted/);
    expect(await outcome).toBeInstanceOf(RecordingLost);
    expect(output.written).toEqual(Buffer.concat([HEADER, SMALL]));
  });

  it.each([
    ['with the reason from the cluster', async () => 'the debugger ended', /the debugger ended/],
    ['or was removed by another client', async () => undefined, /^(?!.*(debugger|\d s\b))/],
  ])('a spool that no longer exists, %s', async (_, goneReason, message) => {
    const { outcome } = await begun(
      (pod, number) => {
        if (number === 1) begins(pod, HEADER, SMALL);
        else {
          pod.writes('over lost 0\n');
          pod.exits(3);
        }
        setTimeout(() => pod.breaks(), 20);
      },
      { goneReason },
    );
    expect(await outcome).toBeInstanceOf(RecordingLost);
    expect(String(await outcome)).toMatch(message);
  });

  it('a spool that was removed while this client was stopped, although earlier data is still being read', async () => {
    const { outcome } = await begun(
      (pod, number) => {
        if (number > 1) {
          pod.writes('over lost 0\n');
          pod.exits(3);
          return;
        }
        begins(pod, HEADER, SMALL);
        setTimeout(() => {
          const at = HEADER.length + SMALL.length;
          pod.writes(Buffer.concat([Buffer.from(`data 1 ${at} ${SMALL.length}\n`), SMALL]));
          pod.breaks();
        }, 700);
      },
      { linger: 300 },
    );
    expect(await outcome).toMatchObject({
      kind: 'lost',
      message: expect.stringMatching(/\b1 s\b/),
    });
  });

  it.each([
    ['data 1 25 5\nabcde', /\b1\b.*\b25\b.*\b1\b.*\b24\b/],
    ['data 2 24 5\nabcde', /\b2\b.*\b24\b.*\b1\b.*\b24\b/],
    ['end 1 99\n', /\b1\b.*\b99\b.*\b1\b.*\b24\b/],
    ['rubbish\n', /"rubbish"/],
  ])('unexpected data: %j', async (data, message) => {
    const { outcome, output, nothingIsLeft } = await begun((pod) => {
      begins(pod, HEADER);
      pod.writes(data);
    });
    expect(await outcome).toMatchObject({
      kind: 'damaged',
      message: expect.stringMatching(message),
    });
    expect(output.written).toEqual(HEADER);
    await nothingIsLeft();
  });

  it('a recording that is not a pcap file', async () => {
    const { outcome, output } = await begun((pod) => begins(pod, Buffer.alloc(50, 'x')));
    expect(await outcome).toMatchObject({ kind: 'damaged' });
    expect(output.written).toHaveLength(0);
  });

  it('an output that cannot be synced: the spool is not acknowledged', async () => {
    const output = new FakeOutput();
    output.closeFailure = new Error('cannot sync');
    const words: string[] = [];
    const spool = new FakeSpool([60]);
    const { outcome } = await begun(
      async (pod) => {
        await spool.serves(pod);
        pod.on = (word) => words.push(word);
      },
      { output },
    );
    expect(await outcome).toBe(output.closeFailure);
    expect(words).not.toContain('info');
  });
});

describe('the lag', () => {
  it('is the data that is recorded but has not arrived', async () => {
    const onLag = vi.fn();
    const { output, interrupt, abandon, outcome } = await begun(
      (pod) => {
        begins(pod, HEADER, SMALL);
        pod.writes('state newest=1 size=5000 behind=4900 free=9\nstate newest=4 behind=0\n');
      },
      { onLag },
    );
    await arrived(output, 100);
    await vi.waitFor(() => expect(onLag).toHaveBeenCalledTimes(2), { interval: 2 });
    expect(onLag.mock.calls).toEqual([
      [4900, false],
      [0, false],
    ]);
    interrupt.abort();
    abandon.abort();
    await outcome;
  });
});
