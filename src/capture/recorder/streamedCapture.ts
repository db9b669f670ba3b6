import { setTimeout as wait } from 'node:timers/promises';
import type { LeasedProcess } from '../../debugger/leasedProcess.ts';
import { type Output, OutputClosed, WriteFailure } from '../../output/output.ts';
import { InvalidPcapError } from '../../pcap/records.ts';
import { Problem } from '../../problem.ts';
import { parseTcpdumpLine, type TcpdumpStatistics } from '../../tools/tcpdump.ts';
import type { CaptureEnd } from '../captureEnd.ts';
import { type EarlyEnd, interfaceDisappeared } from '../earlyEnd.ts';
import { linesOf } from '../lines.ts';
import { RecorderProblem } from '../recorderProblem.ts';
import {
  addUnmatched,
  NOTHING_KNOWN,
  type Unmatched,
  type UnmatchedCapture,
} from '../unmatched.ts';
import type { Cutter } from './cutter.ts';
import { waitForStart } from './waitForStart.ts';

export interface StreamResult {
  readonly end: CaptureEnd;
  readonly statistics: Partial<TcpdumpStatistics>;
  /** Why it ended early. */
  readonly earlyEnd?: EarlyEnd;
  /** Set for a capture without packets. */
  readonly unmatched?: UnmatchedCapture;
}

export interface StreamOptions {
  readonly recorder: LeasedProcess;
  /** Splits and counts tcpdump's output. */
  readonly packets: Cutter;
  readonly output: Output;
  /**
   * Milliseconds from when tcpdump listens, or its first bytes arrive, until it is stopped. If neither happens, tcpdump
   * is stopped as well.
   */
  readonly duration?: number | undefined;
  /**
   * How many milliseconds tcpdump may lag behind: how long to wait for packets that were already on the wire at the
   * end.
   */
  readonly deliveryDelay?: number;
  /** Ends the capture in order; packets captured until then are kept. */
  readonly interrupt: AbortSignal;
  /** Ends it immediately; data that has arrived is kept. */
  readonly abandon?: AbortSignal;
  readonly onListening?: (interfaceName: string, linkType: string) => void;
  readonly onStatistics?: (statistics: Partial<TcpdumpStatistics>) => void;
}

/**
 * After an interrupt: how long to wait for the end of a tcpdump that has not begun to capture, and of one that the pod
 * has not even started. After that, the lease in the pod ends the program by force.
 */
const NOT_RECORDING_MS = 1_800;
const NOT_STARTED_MS = 500;
/** How long to wait for tcpdump's message about its interface: a wrapper around tcpdump may swallow it. */
const INTERFACE_NAME_MS = 2_000;

/** How often to ask the running tcpdump for its drop count. */
const STATISTICS_MS = 2_000;

/** How many of tcpdump's last messages are kept: more than its longest error has lines. */
const MAX_MESSAGES = 100;

/** Ends after which an empty capture is not explained. */
const UNEXPLAINED_ENDS: ReadonlySet<CaptureEnd> = new Set(['abandoned', 'reader-gone']);

/** tcpdump's message when its interface disappears during a capture. */
const DISAPPEARED = /The interface disappeared/;

/**
 * Streams a running tcpdump into an output until the capture ends. The written data always ends with a whole packet.
 * Rejects with the ExecProblem of a cut stream, the Problem of an output that accepts no more data, or a
 * RecorderProblem with tcpdump's own message. Closes the output in all cases.
 */
export async function captureStream(capture: StreamOptions): Promise<StreamResult> {
  const { recorder, output, packets, interrupt } = capture;
  const finished = new AbortController();
  const recording = new AbortController();
  let end: CaptureEnd = 'complete';
  let isStarted = false;
  let isListening = false;
  let isCut = false;
  let startProblem: Problem | undefined;
  const counts = { isEmpty: false };
  recorder.started.then(() => {
    isStarted = true;
  });
  const after = (milliseconds: number, callback: () => void) => {
    wait(milliseconds, undefined, { signal: finished.signal }).then(callback, () => {});
  };
  const stop = (why: CaptureEnd) => {
    if (end === 'complete') end = why;
    const isWhole = why === 'interrupted' || why === 'duration';
    const delay = isWhole && recording.signal.aborted ? (capture.deliveryDelay ?? 0) : 0;
    if (delay === 0) recorder.stop();
    else after(delay, () => recorder.stop());
  };
  const onInterrupt = () => {
    stop('interrupted');
    after(isStarted ? NOT_RECORDING_MS : NOT_STARTED_MS, () => {
      // On a busy node, the end takes longer. Then `recorder.stop` cuts the stream only if nothing arrives.
      if (isListening || packets.packets > 0) return;
      isCut = true;
      recorder.close();
    });
  };
  const onRecording = () => {
    if (recording.signal.aborted) return;
    recording.abort();
    if (capture.duration !== undefined) after(capture.duration, () => stop('duration'));
  };
  const startCheck = waitForStart(
    recorder,
    capture.duration,
    AbortSignal.any([recording.signal, finished.signal]),
  ).then((problem) => {
    if (!problem) return;
    startProblem = problem;
    isCut = true;
    stop('interrupted');
    after(NOT_RECORDING_MS, () => recorder.close());
  });
  if (interrupt.aborted) onInterrupt();
  interrupt.addEventListener('abort', onInterrupt, { once: true });
  const onAbandon = () => {
    end = 'abandoned';
    recorder.close();
  };
  capture.abandon?.addEventListener('abort', onAbandon, { once: true });
  output.onReaderClosed?.(() => stop('reader-gone'));

  try {
    let isAnnounced = false;
    let device = '';
    const onListening = (name: string, linkType: string) => {
      device ||= name;
      if (!isAnnounced) capture.onListening?.(name, linkType);
      isAnnounced = true;
    };
    const messagesRead = readMessages(capture, counts, (name, linkType) => {
      isListening = true;
      onListening(name, linkType);
      onRecording();
    });
    const packetsWritten = writePackets(capture, stop, () => {
      onRecording();
      after(INTERFACE_NAME_MS, () => onListening('an interface (not named by tcpdump)', 'unknown'));
    });
    await Promise.all([packetsWritten, messagesRead]);
    const exitStatus = await recorder.exit.catch((error: unknown) => {
      // Without an interrupt, a pod that does not respond is unreachable.
      isCut ||= recorder.gaveUp && interrupt.aborted;
      if (end === 'abandoned' || isCut) return 0;
      throw error;
    });
    if (startProblem) throw startProblem;
    // It is not known whether more packets would have arrived.
    if (isCut && recording.signal.aborted && !counts.isEmpty) end = 'abandoned';
    const { statistics, messages, unmatched } = await messagesRead;
    if (messages.some((message) => message.startsWith('lease: no word for ')) && end === 'complete')
      throw new Problem('the capture ended in the pod: it had not heard from this client', {
        kind: 'lost',
        next: ['was this computer asleep, or offline? Start the capture again'],
      });
    if (end === 'complete' && messages.some((message) => DISAPPEARED.test(message)))
      return { end: 'early', statistics, earlyEnd: endWithoutInterface(device, statistics) };
    // The lease kills a program only if it cannot write, after its output has already ended.
    if (exitStatus !== 0 && end === 'complete')
      throw new RecorderProblem(messages.join('\n'), exitStatus);
    const isEmpty = packets.packets === 0 && recording.signal.aborted && !UNEXPLAINED_ENDS.has(end);
    return { end, statistics, ...(isEmpty && { unmatched: { ...unmatched, device } }) };
  } finally {
    finished.abort();
    await startCheck;
    interrupt.removeEventListener('abort', onInterrupt);
    capture.abandon?.removeEventListener('abort', onAbandon);
    recorder.close();
    await output.close();
  }
}

/**
 * Packets that tcpdump had not read from its interface: those that passed the filter, minus the dropped and the
 * captured ones.
 */
function endWithoutInterface(
  device: string,
  { receivedByFilter, droppedByKernel, captured }: Partial<TcpdumpStatistics>,
): EarlyEnd {
  const isKnown =
    receivedByFilter !== undefined && droppedByKernel !== undefined && captured !== undefined;
  return interfaceDisappeared(device, {
    from: Date.now() / 1000,
    ...(isKnown && { lost: Math.max(0, receivedByFilter - droppedByKernel - captured) }),
  });
}

/** Passes on whole packets. After the output accepts no more, reads and discards the rest. */
async function writePackets(
  { recorder, packets, output }: StreamOptions,
  stop: (why: CaptureEnd) => void,
  onFirst: () => void,
): Promise<void> {
  let failure: Problem | undefined;
  let acceptsPackets = true;
  let isFirst = true;
  for await (const chunk of recorder.stdout as AsyncIterable<Buffer>) {
    if (isFirst) onFirst();
    isFirst = false;
    if (!acceptsPackets) continue;
    let whole: Buffer = chunk;
    try {
      whole = packets.cut(chunk);
      if (whole.length > 0) await output.write(whole);
      if (!packets.isFull) continue;
      acceptsPackets = false;
      stop('size');
    } catch (error) {
      acceptsPackets = false;
      if (error instanceof OutputClosed) stop('reader-gone');
      else {
        if (error instanceof WriteFailure) {
          const kept = packets.completeBytesWithin(whole, error.written);
          await output.truncateEnd?.(error.written - kept);
          failure = error.problem;
        } else if (error instanceof InvalidPcapError)
          failure = new Problem(`the stream from the pod is damaged: ${error.message}`, {
            kind: 'damaged',
          });
        else throw error;
        stop('interrupted');
      }
    }
  }
  if (failure) throw failure;
}

interface TcpdumpMessages {
  readonly statistics: Partial<TcpdumpStatistics>;
  readonly messages: readonly string[];
  /** The report of observed.sh. */
  readonly unmatched: Unmatched;
}

/**
 * A line of observed.sh's report. Errors of the shell also begin with the name of the script, which is netdebug too.
 */
const OBSERVED_LINE = /^netdebug: ((?:passed|connected) .*)$/;

/** Sets `isEmpty` when tcpdump reports at its end that it captured nothing. */
async function readMessages(
  capture: StreamOptions,
  counts: { isEmpty: boolean },
  onListening: (interfaceName: string, linkType: string) => void,
): Promise<TcpdumpMessages> {
  let statistics: Partial<TcpdumpStatistics> = {};
  let unmatched = NOTHING_KNOWN;
  const messages: string[] = [];
  let statisticsTimer: NodeJS.Timeout | undefined;
  try {
    for await (const text of linesOf(capture.recorder.stderr)) {
      const [, observed] = OBSERVED_LINE.exec(text) ?? [];
      if (observed !== undefined) {
        unmatched = addUnmatched(unmatched, observed);
        continue;
      }
      const line = parseTcpdumpLine(text);
      if (line.kind === 'listening') {
        onListening(line.interface, line.linkType);
        statisticsTimer ??= setInterval(() => capture.recorder.sendSignal(), STATISTICS_MS);
      } else if (line.kind === 'statistics') {
        statistics = { ...statistics, ...line.counts };
        // While it is running, all counts are on one line.
        if (line.counts.captured === 0 && Object.keys(line.counts).length === 1)
          counts.isEmpty = true;
        capture.onStatistics?.(statistics);
      } else if (line.kind === 'message') {
        messages.push(line.text);
        if (messages.length > MAX_MESSAGES) messages.shift();
      }
    }
  } finally {
    clearInterval(statisticsTimer);
  }
  return { statistics, messages, unmatched };
}
