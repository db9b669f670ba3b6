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
const LAG_SHOWN_BYTES = 100_000;

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

  const show = (started: number, now: () => CaptureState) => {
    const state = now();
    const at = Date.now();
    const rate = at > last.at ? ((state.bytes - last.bytes) * 1000) / (at - last.at) : 0;
    last = { at, bytes: state.bytes };
    line.show(statusText(state, at, started, rate));
  };

  const progress: CaptureProgress = {
    note: notify,
    waiting: (text) => line.wait(text),
    capturing: (listening, now) => {
      line.clear();
      notify({ kind: 'capturing', text: listening });
      setRecordingEnd(() => now().giveUpAt);
      const started = Date.now();
      last = { at: started, bytes: 0 };
      refresh = setInterval(() => show(started, now), REFRESH_MS);
    },
  };

  return {
    ...progress,
    /** Prints the output's lines above the live line, if both are on one terminal. */
    around: (output: Output): Output => ({
      write: (chunk) => line.around(() => output.write(chunk)),
      close: () => output.close(),
      onReaderGone: (callback) => output.onReaderGone?.(callback),
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
        early,
        unmatched,
      } = outcome;
      const unknownDrops =
        outcome.unknownDrops ?? (early && statistics.receivedByFilter === undefined ? 1 : 0);
      clearInterval(refresh);
      line.clear();
      const dropped = (statistics.droppedByKernel ?? 0) + (statistics.droppedByInterface ?? 0);
      const where = path === undefined ? '' : ` in ${path}`;
      // Without packets, the size is only that of a file header.
      const size = format === 'pcap' && packets > 0 ? ` (${bytesText(bytes)})` : '';
      note(
        `${countText(packets, 'packet')} captured${size}${where}` +
          droppedText(
            statistics.receivedByFilter === undefined ? undefined : dropped,
            unknownDrops,
          ) +
          (end === 'size' ? '; stopped at --max-size' : '') +
          (end === 'abandoned'
            ? '; stopped at once: packets still in the pod were not copied'
            : '') +
          (interruptions > 0 ? `; resumed after ${countText(interruptions, 'interruption')}` : ''),
      );
      if (gaps.length > 0) notify({ kind: 'gap', text: gapsText(gaps) });
      if (unmatched) for (const text of unmatchedLines(unmatched)) note(text);
      if (early) notify(earlyEndNotice(early));
    },
  };
}

/** The status line of a running capture. `rate` is in bytes per second. */
function statusText(state: CaptureState, at: number, started: number, rate: number): string {
  const { packets, bytes, dropped, lag = 0, ending, giveUpAt } = state;
  if (giveUpAt !== undefined)
    return (
      `connection lost, the pod keeps recording; reconnecting…` +
      `  (giving up in ${elapsedText(Math.max(0, giveUpAt - at))}; press Ctrl-C twice to stop)`
    );
  const amount = `${countText(packets, 'packet')}  ${bytesText(bytes)}  ${bytesText(rate)}/s`;
  if (ending) {
    const left = rate > 0 ? `, ${elapsedText((lag * 1000) / rate)} left` : '';
    return `stopping: ${bytesText(lag)} to copy${left}  ${amount}  (Ctrl-C stops at once)`;
  }
  return (
    `${elapsedText(at - started)}  ${amount}` +
    (dropped === undefined ? '' : `  ${dropped.toLocaleString('en-US')} dropped`) +
    // A lag of up to a second's worth of packets is normal.
    (lag > Math.max(rate, LAG_SHOWN_BYTES) ? `  ${bytesText(lag)} behind` : '') +
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
function droppedText(dropped: number | undefined, unknown: number): string {
  if (dropped === undefined) return unknown > 0 ? ', number of dropped packets unknown' : '';
  const missing = unknown > 0 ? ` (unknown for ${countText(unknown, 'pod')})` : '';
  if (dropped === 0) return unknown > 0 ? `, 0 packets dropped${missing}` : ', none dropped';
  return `, ${countText(dropped, 'packet')} DROPPED by the kernel${missing}: use a narrower filter, or -s 128`;
}
