import { getEventListeners } from 'node:events';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  captureStream,
  type StreamOptions,
} from '../../../../src/capture/recorder/streamedCapture.ts';
import { TextCutter } from '../../../../src/capture/recorder/textCutter.ts';
import { RecorderProblem } from '../../../../src/capture/recorderProblem.ts';
import { ExecProblem } from '../../../../src/kube/execStatus.ts';
import { OutputClosed } from '../../../../src/output/output.ts';
import { PacketCutter } from '../../../../src/pcap/packetCutter.ts';
import { Problem } from '../../../../src/problem.ts';
import { FakeOutput, type FakePod, leasedInPod, packet, pcapHeader } from '../fakePod.ts';

// Pauses follow the clock of a test that has one.
vi.mock('node:timers/promises', () => ({
  setTimeout: (milliseconds: number, value: unknown, { signal }: { signal?: AbortSignal } = {}) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) reject(signal.reason);
      const timer = setTimeout(resolve, milliseconds, value);
      signal?.addEventListener('abort', () => {
        clearTimeout(timer);
        reject(signal.reason);
      });
    }),
}));

const HEADER = pcapHeader();
const [SMALL, LARGE] = [packet(60), packet(1400)];
const STATISTICS = [
  '3 packets captured',
  '5 packets received by filter',
  '2 packets dropped by kernel',
];
const COUNTS = { captured: 3, receivedByFilter: 5, droppedByKernel: 2 };

/** A capture that has begun, and its results. */
async function begun(options: Partial<StreamOptions> = {}, output = new FakeOutput()) {
  const { process, pod, connections } = await leasedInPod();
  const abort = new AbortController();
  const packets = options.packets ?? new PacketCutter();
  const outcome = captureStream({
    recorder: process,
    packets,
    output,
    interrupt: abort.signal,
    ...options,
  }).catch((error: unknown) => error);
  const nothingIsLeft = async () => {
    await vi.waitFor(() => expect(connections.size).toBe(0), { interval: 2 });
    expect(output.closed).toBe(1);
    expect(getEventListeners(abort.signal, 'abort')).toEqual([]);
  };
  return { process, pod, output, packets, abort, outcome, nothingIsLeft };
}

const arrived = (output: FakeOutput, bytes: number) =>
  vi.waitFor(() => expect(output.written.length).toBe(bytes), { interval: 1 });

/** The program ends normally when asked to, with these last messages. */
function endsInOrder(pod: FakePod, last?: Buffer): void {
  pod.on = (word) => {
    if (word !== 'stop') return;
    if (last) pod.writes(last);
    pod.says('', ...STATISTICS);
    pod.exits(0);
  };
}

/** Advances a test's own clock until the stream is cut because nothing arrives. Returns the outcome. */
async function afterSilence(outcome: Promise<unknown>): Promise<unknown> {
  const passing = { timer: undefined as NodeJS.Timeout | undefined };
  const pass = () => {
    vi.advanceTimersByTime(10_000);
    passing.timer = setTimeout(pass, 20);
  };
  pass();
  return outcome.finally(() => clearTimeout(passing.timer));
}

afterEach(() => {
  vi.useRealTimers();
});

describe('the end of a capture', () => {
  it('complete: tcpdump ends by itself', async () => {
    const onListening = vi.fn();
    const { pod, output, outcome, packets, nothingIsLeft } = await begun({ onListening });
    pod.listens();
    pod.writes(Buffer.concat([HEADER, SMALL.subarray(0, 30)]));
    pod.writes(Buffer.concat([SMALL.subarray(30), LARGE]));
    pod.says(...STATISTICS);
    pod.exits(0);
    expect(await outcome).toEqual({ end: 'complete', statistics: COUNTS });
    expect(output.written).toEqual(Buffer.concat([HEADER, SMALL, LARGE]));
    expect(packets).toMatchObject({ packets: 2, bytes: output.written.length });
    expect(onListening).toHaveBeenCalledExactlyOnceWith('eth0', 'EN10MB');
    expect(pod.words).not.toContain('stop');
    await nothingIsLeft();
  });

  it('duration: counted from when tcpdump listens, not before', async () => {
    const { pod, output, outcome, nothingIsLeft } = await begun({ duration: 60 });
    endsInOrder(pod, LARGE);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(pod.words).toEqual([]);
    pod.listens();
    pod.writes(Buffer.concat([HEADER, SMALL]));
    expect(await outcome).toEqual({ end: 'duration', statistics: COUNTS });
    expect(output.written).toEqual(Buffer.concat([HEADER, SMALL, LARGE]));
    await nothingIsLeft();
  });

  it('size: at a packet boundary, before the output exceeds it; the rest is read and dropped', async () => {
    const limit = HEADER.length + SMALL.length + LARGE.length - 1;
    const { pod, output, outcome, nothingIsLeft } = await begun({
      packets: new PacketCutter(limit),
    });
    endsInOrder(pod, Buffer.alloc(2_000_000, 1));
    pod.listens();
    pod.writes(Buffer.concat([HEADER, SMALL, LARGE]));
    expect(await outcome).toEqual({ end: 'size', statistics: COUNTS });
    expect(output.written).toEqual(Buffer.concat([HEADER, SMALL]));
    expect(pod.words.filter((word) => word === 'stop')).toHaveLength(1);
    await nothingIsLeft();
  });

  it('interrupted: the remaining packets of tcpdump are kept', async () => {
    const { pod, output, outcome, abort, nothingIsLeft } = await begun();
    endsInOrder(pod, LARGE);
    pod.listens();
    pod.writes(Buffer.concat([HEADER, SMALL]));
    await arrived(output, HEADER.length + SMALL.length);
    abort.abort();
    expect(await outcome).toEqual({ end: 'interrupted', statistics: COUNTS });
    expect(output.written).toEqual(Buffer.concat([HEADER, SMALL, LARGE]));
    await nothingIsLeft();
  });

  it.each([1, 137, 143])('interrupted: exit code %i is not a failure', async (code) => {
    const { pod, outcome, abort } = await begun();
    pod.on = (word) => word === 'stop' && pod.exits(code);
    pod.listens();
    abort.abort();
    expect(await outcome).toMatchObject({ end: 'interrupted', statistics: {} });
  });

  it('interrupted: the remaining packets of a slow pod are kept', async () => {
    const { pod, output, outcome, abort } = await begun();
    pod.on = (word) => {
      if (word !== 'stop') return;
      setTimeout(() => {
        pod.writes(LARGE);
        pod.says(...STATISTICS);
        pod.exits(0);
      }, 2_500);
    };
    pod.listens();
    pod.writes(Buffer.concat([HEADER, SMALL]));
    await arrived(output, HEADER.length + SMALL.length);
    abort.abort();
    expect(await outcome).toEqual({ end: 'interrupted', statistics: COUNTS });
    expect(output.written).toEqual(Buffer.concat([HEADER, SMALL, LARGE]));
  });

  it('interrupted without a packet: the explanation may come late, or not at all', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    for (const explains of [true, false]) {
      const onStatistics = vi.fn();
      const { pod, outcome, abort } = await begun({ onStatistics });
      pod.on = (word) => {
        if (word !== 'stop') return;
        pod.says('0 packets captured');
        pod.says('5 packets received by filter');
        if (!explains) return;
        setTimeout(() => {
          pod.says('netdebug: passed any 12');
          pod.exits(0);
        }, 1_500);
      };
      pod.listens();
      abort.abort();
      const counts = expect.objectContaining({ receivedByFilter: 5 });
      await vi.waitFor(() => expect(onStatistics).toHaveBeenCalledWith(counts), { interval: 1 });
      expect(await (explains ? outcome : afterSilence(outcome))).toMatchObject({
        end: 'interrupted',
        unmatched: { passed: explains ? [{ device: 'any', packets: 12 }] : [] },
      });
    }
  });

  it('interrupted before it began', async () => {
    const { pod, outcome, nothingIsLeft } = await begun({ interrupt: AbortSignal.abort() });
    expect(await outcome).toMatchObject({ end: 'interrupted', statistics: {} });
    expect(pod.words).toContain('stop');
    await nothingIsLeft();
  });

  it('reader-gone: by an event, or on a failed write', async () => {
    const capture = await begun();
    endsInOrder(capture.pod);
    capture.output.readerGone();
    expect(await capture.outcome).toEqual({ end: 'reader-gone', statistics: COUNTS });
    await capture.nothingIsLeft();

    const noticed = await begun();
    endsInOrder(noticed.pod, Buffer.alloc(1_000_000));
    noticed.output.failure = new OutputClosed('gone');
    noticed.pod.writes(HEADER);
    expect(await noticed.outcome).toMatchObject({ end: 'reader-gone' });
    await noticed.nothingIsLeft();
  });

  it('the first of several ends counts', async () => {
    const { pod, outcome, abort, output } = await begun();
    pod.on = (word) => word === 'stop' && setTimeout(() => pod.exits(0), 20);
    abort.abort();
    output.readerGone();
    expect(await outcome).toMatchObject({ end: 'interrupted' });
    expect(pod.words.filter((word) => word === 'stop')).toHaveLength(1);
  });
});

describe('failures', () => {
  it('a cut stream is never a success; the output ends with a whole packet', async () => {
    const { pod, output, outcome, nothingIsLeft } = await begun();
    pod.listens();
    pod.writes(Buffer.concat([HEADER, SMALL, LARGE.subarray(0, 1000)]));
    await arrived(output, HEADER.length + SMALL.length);
    pod.breaks();
    const error = await outcome;
    expect(error).toBeInstanceOf(ExecProblem);
    expect(error).toMatchObject({ failure: 'cut' });
    expect(output.written).toEqual(Buffer.concat([HEADER, SMALL]));
    await nothingIsLeft();
  });

  it('a stream that is cut after the user’s interrupt is a failure too', async () => {
    const { pod, outcome, abort } = await begun();
    pod.on = (word) => word === 'stop' && pod.breaks();
    abort.abort();
    expect(await outcome).toMatchObject({ failure: 'cut' });
  });

  it('a refusal by tcpdump, with its message', async () => {
    const { pod, output, outcome, nothingIsLeft } = await begun();
    pod.says('tcpdump: verbose output suppressed, use -v[v]... for full protocol decode');
    pod.says('tcpdump: eth9: No such device exists', '(No such device exists)');
    pod.exits(1);
    const error = await outcome;
    expect(error).toBeInstanceOf(RecorderProblem);
    expect(error).toMatchObject({
      exitStatus: 1,
      stderr: 'tcpdump: eth9: No such device exists\n(No such device exists)',
    });
    expect(output.written).toHaveLength(0);
    await nothingIsLeft();
  });

  it('a shell without tcpdump, which reports it in the name of its script', async () => {
    const { pod, outcome } = await begun();
    pod.says('netdebug: line 14: tcpdump: not found');
    pod.says('netdebug: passed any 12');
    pod.exits(127);
    expect(await outcome).toMatchObject({
      exitStatus: 127,
      stderr: 'netdebug: line 14: tcpdump: not found',
    });
  });

  it('an end without a message', async () => {
    const { pod, outcome } = await begun();
    pod.exits(3);
    expect(await outcome).toMatchObject({
      kind: 'recorder',
      message: expect.stringMatching(/\btcpdump\b.*\b3\b/),
    });
  });

  it('the lease ran out: the capture was ended in the pod', async () => {
    const { pod, outcome } = await begun();
    pod.listens();
    pod.writes(Buffer.concat([HEADER, SMALL]));
    pod.says('lease: no word for 12 s', ...STATISTICS);
    pod.exits(0);
    expect(await outcome).toMatchObject({ kind: 'lost' });
  });

  it('a full disk: the file ends with a whole packet, and nothing more is written', async () => {
    const output = new FakeOutput();
    output.room = HEADER.length + SMALL.length + 700;
    const { pod, outcome, nothingIsLeft } = await begun({}, output);
    endsInOrder(pod, Buffer.concat([LARGE, LARGE]));
    pod.listens();
    pod.writes(Buffer.concat([HEADER, SMALL]));
    await arrived(output, HEADER.length + SMALL.length);
    pod.writes(Buffer.concat([packet(100), LARGE]));
    expect(await outcome).toMatchObject({ kind: 'disk-full' });
    expect(output.written).toEqual(Buffer.concat([HEADER, SMALL, packet(100)]));
    expect(output.takenBack).toEqual([700 - 116]);
    expect(pod.words).toContain('stop');
    await nothingIsLeft();
  });

  it('a disk that is full from the start: no partial header is kept', async () => {
    const output = new FakeOutput();
    output.room = 10;
    const { pod, outcome } = await begun({}, output);
    pod.writes(Buffer.concat([HEADER, SMALL]));
    expect(await outcome).toMatchObject({ kind: 'disk-full' });
    expect(output.written).toHaveLength(0);
  });

  it('a stream that is not a pcap file', async () => {
    const { pod, output, outcome, nothingIsLeft } = await begun();
    pod.writes(Buffer.alloc(100, 'x'));
    expect(await outcome).toMatchObject({ kind: 'damaged' });
    expect(output.written).toHaveLength(0);
    await nothingIsLeft();
  });

  it('an output that cannot be synced', async () => {
    const output = new FakeOutput();
    output.closeFailure = new Problem('cannot sync', { kind: 'not-written' });
    const { pod, outcome } = await begun({}, output);
    pod.exits(0);
    expect(await outcome).toBe(output.closeFailure);
  });

  it('an internal error ends the program too', async () => {
    const output = new FakeOutput();
    output.failure = new TypeError('ours');
    const { pod, outcome, nothingIsLeft } = await begun({}, output);
    pod.writes(Buffer.concat([HEADER, SMALL]));
    expect(await outcome).toBe(output.failure);
    await nothingIsLeft();
  });
});

describe('a running capture', () => {
  it('slows down tcpdump’s stream for a slow output, and everything arrives', async () => {
    const output = new FakeOutput();
    const gate = Promise.withResolvers<void>();
    output.ready = gate.promise;
    const { pod, outcome, packets } = await begun({}, output);
    pod.writes(HEADER);
    for (let i = 0; i < 1000; i++) pod.writes(LARGE);
    pod.exits(0);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(output.written).toHaveLength(0);
    gate.resolve();
    expect(await outcome).toMatchObject({ end: 'complete' });
    expect(packets.packets).toBe(1000);
    expect(output.written).toHaveLength(HEADER.length + 1000 * LARGE.length);
  });

  it('sends a heartbeat every second, requests drops every two, and shows them', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const shown: object[] = [];
    const { pod, outcome } = await begun({ onStatistics: (counts) => shown.push(counts) });
    pod.on = (word) => {
      if (word === 'info')
        pod.says(
          'tcpdump: 7 packets captured, 9 packets received by filter, 1 packet dropped by kernel',
        );
    };
    pod.listens();
    await vi.waitFor(() => expect(vi.getTimerCount()).toBe(3), { interval: 1 });
    vi.advanceTimersByTime(4_000);
    await vi.waitFor(() => expect(shown).toHaveLength(2), { interval: 1 });
    expect(pod.words).toEqual(['beat', 'beat', 'info', 'beat', 'beat', 'info']);
    expect(shown[0]).toEqual({ captured: 7, receivedByFilter: 9, droppedByKernel: 1 });
    pod.exits(0);
    expect(await outcome).toMatchObject({ end: 'complete', statistics: shown[0] });
    expect(vi.getTimerCount()).toBe(0);
  });

  it('cuts off a program that does not end when asked to', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const { pod, outcome, abort, nothingIsLeft } = await begun();
    pod.on = () => {};
    abort.abort();
    await vi.waitFor(() => expect(pod.words).toContain('stop'), { interval: 1 });
    // It never began, so nothing can be missing.
    expect(await afterSilence(outcome)).toMatchObject({ end: 'interrupted' });
    expect(vi.getTimerCount()).toBe(0);
    await nothingIsLeft();
  });

  it('cuts off a capturing program that ignores its end; its remaining packets are unknown', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const { pod, output, outcome, abort, nothingIsLeft } = await begun();
    pod.on = () => {};
    pod.says('netdebug: started');
    pod.listens();
    pod.writes(Buffer.concat([HEADER, SMALL]));
    await arrived(output, HEADER.length + SMALL.length);
    abort.abort();
    await vi.waitFor(() => expect(pod.words).toContain('stop'), { interval: 1 });
    expect(await afterSilence(outcome)).toMatchObject({ end: 'abandoned' });
    await nothingIsLeft();
  });

  it('cuts off a program that prints endlessly, but no packet', async () => {
    const packets = new TextCutter();
    const { process, pod, outcome, abort, nothingIsLeft } = await begun({ packets });
    pod.on = () => {};
    const printing = setInterval(() => pod.writes('7777'), 20);
    pod.says('netdebug: started');
    await process.started;
    abort.abort();
    expect(await outcome).toMatchObject({ end: 'abandoned' });
    clearInterval(printing);
    await nothingIsLeft();
  });

  it('cuts off a program that does not answer after its duration, and does not blame the user', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const { pod, output, outcome, nothingIsLeft } = await begun({ duration: 100 });
    pod.on = () => {};
    pod.listens();
    pod.writes(Buffer.concat([HEADER, SMALL]));
    await arrived(output, HEADER.length + SMALL.length);
    await vi.waitFor(() => expect(pod.words).toContain('stop'), { interval: 1 });
    expect(await afterSilence(outcome)).toMatchObject({ failure: 'cut' });
    await nothingIsLeft();
  });

  it('is abandoned at once if the pod has not even started it', async () => {
    // The interval after which a silent stream is cut is never over.
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const { pod, outcome, abort, nothingIsLeft } = await begun();
    pod.on = () => {};
    abort.abort();
    expect(await outcome).toMatchObject({ end: 'interrupted' });
    await nothingIsLeft();
  });

  it('counts its packets even if the interface is never named', async () => {
    const onListening = vi.fn();
    const { pod, output, outcome } = await begun({ duration: 2_300, onListening });
    endsInOrder(pod, LARGE);
    pod.writes(Buffer.concat([HEADER, SMALL]));
    expect(await outcome).toMatchObject({ end: 'duration' });
    expect(onListening).toHaveBeenCalledOnce();
    expect(output.written).toEqual(Buffer.concat([HEADER, SMALL, LARGE]));
  });

  it.each([
    ['never starts', [], 180, / 180 s\b/],
    ['hangs', ['netdebug: started'], 60, / 60 s\b/],
  ] as const)('ends a program that %s, and reports it', async (_, words, seconds, message) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { pod, outcome, nothingIsLeft } = await begun();
    let ended = false;
    void outcome.then(() => {
      ended = true;
    });
    if (words.length > 0) pod.says(...words);
    for (let turn = 0; turn < 200; turn += 1) await new Promise((done) => setImmediate(done));
    // Long waits run one second at a time here.
    for (let second = 0; second < seconds - 2; second += 1) {
      vi.advanceTimersByTime(1000);
      await new Promise((done) => setImmediate(done));
    }
    expect(ended).toBe(false);
    const passing = setInterval(() => vi.advanceTimersByTime(1_000), 10);
    expect(String(await outcome)).toMatch(message);
    clearInterval(passing);
    await nothingIsLeft();
  });

  it('keeps only a part of endless messages', async () => {
    const { pod, outcome } = await begun();
    for (let i = 0; i < 500; i++) pod.says(`complaint ${i}`);
    pod.exits(1);
    const { stderr } = (await outcome) as RecorderProblem;
    expect(stderr.split('\n')).toHaveLength(100);
    expect(stderr).toMatch(/complaint 499$/);
  });

  it('passes on text in whole lines', async () => {
    const packets = new TextCutter();
    const { pod, output, outcome } = await begun({ packets });
    pod.writes('12:00 IP a > b\n\tmore\n12:01 IP c');
    pod.writes(' > d\n12:02 cut');
    pod.exits(0);
    await outcome;
    expect(String(output.written)).toBe('12:00 IP a > b\n\tmore\n12:01 IP c > d\n');
    expect(packets.packets).toBe(2);
  });
});
