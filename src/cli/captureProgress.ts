import { earlyEndNotice } from '../capture/earlyEnd.ts';
import type { Gap } from '../capture/follower/gap.ts';
import type {
  CaptureOutcome,
  CaptureProgress,
  CaptureState,
} from '../capture/recorder/recording.ts';
import { unmatchedLines } from '../capture/unmatched.ts';
import type { Output } from '../output/output.ts';
import { bytesText, countText, elapsedText } from '../output/quantities.ts';
import { note, notify, setRecordingEnd, statusLine } from './console.ts';

const REFRESH_MS = 500;
/** A smaller lag is not shown. */
const MIN_SHOWN_LAG_BYTES = 100_000;

/** The result for one target, or for several targets added up. */
export interface FinishedCapture extends CaptureOutcome {
  /** The number of targets for which the number of dropped packets is unknown. */
  readonly unknownDrops?: number;
}

/** Reports a capture's progress on standard error: a status line on a terminal, and the result. */
export function captureProgress(format: 'pcap' | 'text') {
  const line = statusLine();
  let refresh: NodeJS.Timeout | undefined;
  let last = { at: 0, bytes: 0 };

  const show = (startTime: number, currentState: () => CaptureState) => {
    const state = currentState();
    const now = Date.now();
    const rate = now > last.at ? ((state.bytes - last.bytes) * 1000) / (now - last.at) : 0;
    last = { at: now, bytes: state.bytes };
    line.show(statusText(state, now, startTime, rate));
  };

  const progress: CaptureProgress = {
    note: notify,
    waiting: (text) => line.wait(text),
    capturing: (text, now, target) => {
      line.clear();
      notify({
        kind: 'capturing',
        text,
        ...(target !== undefined && { target, namesTarget: true }),
      });
      setRecordingEnd(() => now().giveUpAt);
      const startTime = Date.now();
      last = { at: startTime, bytes: 0 };
      refresh = setInterval(() => show(startTime, now), REFRESH_MS);
    },
  };

  return {
    ...progress,
    /** Prints the output's lines above the live line, if both are on one terminal. */
    around: (output: Output): Output => ({
      write: (chunk) => line.printAbove(() => output.write(chunk)),
      close: () => output.close(),
      onReaderClosed: (callback) => output.onReaderClosed?.(callback),
    }),
    clear: () => {
      clearInterval(refresh);
      line.clear();
    },
    finish: (outcome: FinishedCapture, path: string | undefined) => {
      const {
        packets,
        bytes,
        statistics,
        end,
        interruptions = 0,
        gaps = [],
        earlyEnd,
        unmatched,
      } = outcome;
      const unknownDrops =
        outcome.unknownDrops ?? (earlyEnd && statistics.receivedByFilter === undefined ? 1 : 0);
      clearInterval(refresh);
      line.clear();
      const dropped = (statistics.droppedByKernel ?? 0) + (statistics.droppedByInterface ?? 0);
      const where = path === undefined ? '' : ` in ${path}`;
      // Without packets, the size is only that of a file header.
      const size = format === 'pcap' && packets > 0 ? ` (${bytesText(bytes)})` : '';
      const resultText =
        `${countText(packets, 'packet')} captured${size}${where}` +
        droppedText(statistics.receivedByFilter === undefined ? undefined : dropped, unknownDrops) +
        (end === 'size' ? '; stopped at --max-size' : '') +
        (end === 'abandoned' ? '; stopped at once: packets still in the pod were not copied' : '') +
        (interruptions > 0 ? `; resumed after ${countText(interruptions, 'interruption')}` : '');
      if (end === 'abandoned') notify({ kind: 'abandoned', text: resultText });
      else if (dropped > 0) notify({ kind: 'dropped', text: resultText });
      else note(resultText);
      if (gaps.length > 0) notify({ kind: 'gap', text: gapsText(gaps) });
      for (const text of unmatched ? unmatchedLines(unmatched) : [])
        notify({ kind: 'unmatched', text });
      if (earlyEnd) notify(earlyEndNotice(earlyEnd));
    },
  };
}

/** The status line of a running capture. `rate` is in bytes per second. */
function statusText(state: CaptureState, at: number, startTime: number, rate: number): string {
  const { packets, bytes, dropped, lag = 0, ending, giveUpAt } = state;
  if (giveUpAt !== undefined)
    return (
      `connection lost, the pod keeps recording; reconnecting…` +
      `  (giving up in ${elapsedText(Math.max(0, giveUpAt - at))}; press Ctrl-C twice to stop)`
    );
  const amount = `${countText(packets, 'packet')}  ${bytesText(bytes)}  ${bytesText(rate)}/s`;
  if (ending) {
    const timeLeft = rate > 0 ? `, ${elapsedText((lag * 1000) / rate)} left` : '';
    return `stopping: ${bytesText(lag)} to copy${timeLeft}  ${amount}  (Ctrl-C stops at once)`;
  }
  return (
    `${elapsedText(at - startTime)}  ${amount}` +
    (dropped === undefined ? '' : `  ${dropped.toLocaleString('en-US')} dropped`) +
    // A lag of up to a second's worth of packets is normal.
    (lag > Math.max(rate, MIN_SHOWN_LAG_BYTES) ? `  ${bytesText(lag)} behind` : '') +
    '  (Ctrl-C stops)'
  );
}

function gapsText(gaps: readonly Gap[]): string {
  const files = gaps.reduce((sum, { first, last }) => sum + last - first + 1, 0);
  const bytes = gaps.reduce((sum, gap) => sum + gap.bytes, 0);
  return (
    `${countText(gaps.length, 'GAP')}: ${countText(files, 'file')} of the recording (at most ${bytesText(bytes)}) missing` +
    ' because the ring in the pod was full: use a narrower filter, or -s 128'
  );
}

/**
 * `dropped` is undefined if it is not known for any target. `unknown` is the number of targets for which it is unknown.
 */
function droppedText(dropped: number | undefined, unknownTargets: number): string {
  if (dropped === undefined) return unknownTargets > 0 ? ', number of dropped packets unknown' : '';
  const unknownText =
    unknownTargets > 0 ? ` (unknown for ${countText(unknownTargets, 'pod')})` : '';
  if (dropped === 0)
    return unknownTargets > 0 ? `, 0 packets dropped${unknownText}` : ', none dropped';
  return `, ${countText(dropped, 'packet')} DROPPED by the kernel${unknownText}: use a narrower filter, or -s 128`;
}
