import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { followCapture } from '../../../../src/capture/follower/followCapture.ts';
import {
  Follower,
  FollowerNotStarted,
  type FollowerOptions,
} from '../../../../src/capture/follower/follower.ts';
import { PacketCutter } from '../../../../src/pcap/packetCutter.ts';
import { Problem } from '../../../../src/problem.ts';
import { fakeServer } from '../../kube/fakeServer.ts';
import { FakeOutput, FakePod } from '../fakePod.ts';
import { attaching, FakeSpool } from './fakeSpool.ts';

// Pauses also follow the clock of the tests.
vi.mock('node:timers/promises', () => ({
  setTimeout: (milliseconds: number, value: unknown, { signal }: { signal?: AbortSignal } = {}) =>
    new Promise((resolve, reject) => {
      setTimeout(resolve, milliseconds, value);
      signal?.addEventListener('abort', () => reject(signal.reason));
    }),
}));

/** A capture whose connections open at once, and whose commands start when `act` says so. */
async function begun(
  act: (pod: FakePod, connection: number) => void,
  options: Partial<FollowerOptions> = {},
) {
  const begin = Date.now();
  const opened: number[] = [];
  const { access } = await fakeServer({
    exec: (socket, request) => {
      opened.push(Math.round((Date.now() - begin) / 1000));
      act(new FakePod(socket, request), opened.length);
    },
  });
  const waits: number[] = [];
  const [onDisconnect, onResumed] = [vi.fn(), vi.fn()];
  const follower = new Follower({
    attach: attaching(access),
    linger: 60_000,
    goneReason: async () => undefined,
    onDisconnect,
    onResumed,
    onWaiting: (seconds) => waits.push(seconds),
    ...options,
  });
  onTestFinished(() => follower.close());
  const interrupt = new AbortController();
  const output = new FakeOutput();
  const removeSpool = vi.fn(async () => {});
  let settled = false;
  const outcome = followCapture({
    follower,
    packets: new PacketCutter(),
    output,
    fileBytes: 1000,
    interrupt: interrupt.signal,
    abandon: new AbortController().signal,
    removeSpool,
  })
    .catch((error: unknown) => error)
    .finally(() => {
      settled = true;
    });
  const ended = () => settled;
  return {
    outcome,
    ended,
    output,
    follower,
    interrupt,
    removeSpool,
    opened,
    waits,
    onDisconnect,
    onResumed,
  };
}

/** Lets seconds pass, each with time for network traffic. */
async function pass(seconds: number, until: () => boolean = () => false): Promise<void> {
  for (let second = 0; second < seconds && !until(); second += 1) {
    vi.advanceTimersByTime(1000);
    for (let turn = 0; turn < 30; turn += 1) await new Promise((done) => setImmediate(done));
  }
}

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'],
  });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a recorder that is slow to start', () => {
  it.each([
    [14, [0]],
    [95, [0, 30, 90]],
  ])(
    'by %i s is waited for: nothing is lost, nothing counts as resumed',
    async (seconds, attempts) => {
      const spool = new FakeSpool([60], [70]);
      const begin = Date.now();
      // A stalled runtime later starts all waiting commands at once.
      const capture = await begun((pod) => {
        setTimeout(() => void spool.serves(pod), begin + seconds * 1000 - Date.now());
      });
      await pass(seconds + 30, capture.ended);
      expect(await capture.outcome).toMatchObject({ end: 'complete' });
      expect(capture.output.written).toEqual(spool.joined);
      expect(capture.opened.map((at) => Math.floor(at / 10) * 10)).toEqual(attempts);
      expect(capture.follower.interruptions).toBe(0);
      expect(capture.onDisconnect).not.toHaveBeenCalled();
      expect(capture.onResumed).not.toHaveBeenCalled();
      expect(capture.waits).toContain(13);
      expect(Math.max(...capture.waits)).toBeLessThan(seconds + 2);
    },
  );

  it('is started by each connection until one of them is known to have started it', async () => {
    const spool = new FakeSpool([60]);
    const capture = await begun((pod, connection) => {
      if (connection < 3) setTimeout(() => pod.breaks(), 100);
      else void spool.serves(pod);
    });
    await pass(30, capture.ended);
    expect(await capture.outcome).toMatchObject({ end: 'complete' });
    expect(spool.starts).toBe(1);
    expect(capture.opened).toHaveLength(3);
    expect(capture.onDisconnect).not.toHaveBeenCalled();
  });

  it('sends a line every second once it runs, and that is enough', async () => {
    const spool = new FakeSpool([60]);
    const capture = await begun((pod) => {
      const saying = setInterval(() => pod.writes('starting\n'), 1000);
      setTimeout(() => {
        clearInterval(saying);
        void spool.serves(pod);
      });
    });
    await pass(60, capture.ended);
    expect(await capture.outcome).toMatchObject({ end: 'complete' });
    expect(capture.opened).toHaveLength(1);
  });

  it.each(['lost', 'lease'])(
    'is started again if it ended before it sent anything (%s)',
    async (why) => {
      const spool = new FakeSpool([60]);
      const capture = await begun((pod, connection) => {
        if (connection > 1) void spool.serves(pod);
        else pod.writes(`over ${why} 0\n`);
      });
      await pass(10, capture.ended);
      expect(await capture.outcome).toMatchObject({ end: 'complete' });
      expect(spool.starts).toBe(1);
    },
  );

  it('is started again if a signal ended its script', async () => {
    const spool = new FakeSpool([60]);
    const capture = await begun((pod, connection) => {
      if (connection > 1) void spool.serves(pod);
      else setTimeout(() => pod.exits(143), 100);
    });
    await pass(10, capture.ended);
    expect(await capture.outcome).toMatchObject({ end: 'complete' });
  });

  it('is given up in the end, and reported as never started', async () => {
    const capture = await begun(() => {});
    await pass(250, capture.ended);
    const error = await capture.outcome;
    expect(error).toBeInstanceOf(Problem);
    expect(error).not.toBeInstanceOf(FollowerNotStarted);
    expect(error).toMatchObject({
      kind: 'not-started',
      message: expect.stringMatching(/\b18\d s\b/),
    });
    expect(capture.opened.length).toBeLessThan(5);
    expect(capture.removeSpool).toHaveBeenCalledOnce();
  });

  it('is not waited for if the cluster reports that the pod is gone', async () => {
    const capture = await begun(() => {}, { goneReason: async () => 'pod "web" was deleted' });
    await pass(60, capture.ended);
    expect(String(await capture.outcome)).toMatch(/pod "web" was deleted/);
  });

  it.each([
    ['before any data arrived', undefined],
    ['while it is being started', 'starting\n'],
  ])('is abandoned at the first Ctrl-C, %s', async (_, message) => {
    const reason = new Error('Ctrl-C');
    let words: readonly string[] = [];
    const capture = await begun((pod) => {
      words = pod.words;
      if (message !== undefined) pod.writes(message);
    });
    await pass(2);
    capture.interrupt.abort(reason);
    await pass(2, capture.ended);
    expect(await capture.outcome).toBe(reason);
    // The recorder is asked to stop, even if nothing has answered yet.
    expect(words).toContain('info');
    // It may have begun by now; the removal is not waited for long.
    expect(capture.removeSpool).toHaveBeenCalledExactlyOnceWith(true);
  });
});

describe('a connection without data', () => {
  it('after a cut does not count as stable: the next ones wait longer', async () => {
    const spool = new FakeSpool([60]);
    const capture = await begun(
      (pod, connection) => {
        if (connection > 1) return;
        void spool.requestedPosition(pod).then((position) => pod.writes(spool.from(position)));
        setTimeout(() => pod.breaks(), 1000);
      },
      { linger: 600_000 },
    );
    await pass(160);
    const gaps = capture.opened.slice(1).map((at, index) => at - (capture.opened[index] ?? 0));
    expect(gaps[0]).toBeLessThan(5);
    for (const [gap, least] of [
      [gaps[1] ?? 0, 10],
      [gaps[2] ?? 0, 20],
      [gaps[3] ?? 0, 40],
    ] as const)
      expect(gap).toBeGreaterThanOrEqual(least);
    expect(capture.follower.interruptions).toBe(1);
  });
});
