import type { CaptureOutcome, CaptureProgress } from '../capture/recordDirectly.ts';
import type { Output } from '../output/output.ts';
import { bytesText, countText, elapsedText } from '../output/quantities.ts';
import { StatusLine } from '../output/statusLine.ts';
import { terminalSafe } from '../output/terminalSafe.ts';

const REFRESH_MS = 500;

/** Tells on standard error how a capture goes: a live line on a terminal, and its end anywhere. */
export function captureProgress(format: 'pcap' | 'text') {
  const line = new StatusLine();
  let refresh: NodeJS.Timeout | undefined;
  let last = { at: 0, bytes: 0 };

  const note = (text: string) =>
    void line.around(async () => {
      process.stderr.write(`${terminalSafe(text)}\n`);
    });

  const show = (started: number, now: Parameters<CaptureProgress['capturing']>[1]) => {
    const { packets, bytes, dropped } = now();
    const at = Date.now();
    const rate = at > last.at ? ((bytes - last.bytes) * 1000) / (at - last.at) : 0;
    last = { at, bytes };
    line.show(
      `${elapsedText(at - started)}  ${countText(packets, 'packet')}  ${bytesText(bytes)}` +
        `  ${bytesText(rate)}/s  ${dropped.toLocaleString('en-US')} dropped  (Ctrl-C ends)`,
    );
  };

  const progress: CaptureProgress = {
    note,
    waiting: (text) => line.show(text),
    capturing: (listening, now) => {
      line.clear();
      note(listening);
      const started = Date.now();
      last = { at: started, bytes: 0 };
      refresh = setInterval(() => show(started, now), REFRESH_MS);
    },
  };

  return {
    ...progress,
    /** Lets the output's lines go above the live line, when both are on one terminal. */
    around: (output: Output): Output => ({
      write: (chunk) => line.around(() => output.write(chunk)),
      close: () => output.close(),
      onReaderGone: (callback) => output.onReaderGone?.(callback),
    }),
    clear: () => {
      clearInterval(refresh);
      line.clear();
    },
    finish: ({ packets, bytes, statistics, end }: CaptureOutcome, path: string | undefined) => {
      clearInterval(refresh);
      line.clear();
      const dropped = (statistics.droppedByKernel ?? 0) + (statistics.droppedByInterface ?? 0);
      const where = path === undefined ? '' : ` in ${path}`;
      const size = format === 'pcap' ? ` (${bytesText(bytes)})` : '';
      note(
        `${countText(packets, 'packet')} captured${size}${where}` +
          (statistics.receivedByFilter === undefined ? '' : `, ${droppedText(dropped)}`) +
          (end === 'size' ? '; stopped at --max-size' : ''),
      );
    },
  };
}

function droppedText(dropped: number): string {
  return dropped === 0
    ? 'none dropped'
    : `${countText(dropped, 'packet')} DROPPED by the kernel: narrow the filter, or use -s 128`;
}
