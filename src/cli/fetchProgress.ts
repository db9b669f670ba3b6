import type { FetchOptions } from '../capture/fetch/fetchSpool.ts';
import type { Manifest } from '../capture/manifest.ts';
import { ProgressBar } from '../output/progressBar.ts';
import { bytesText, countText } from '../output/quantities.ts';
import { note, statusLine } from './console.ts';

/** Reports the progress and the result of a fetch on standard error. */
export function fetchProgress() {
  const line = statusLine();
  const bar = new ProgressBar(line);
  const callbacks: Required<Pick<FetchOptions, 'onProgress' | 'onNote'>> = {
    onNote: note,
    onProgress: ({ bytes, totalBytes, seq }) =>
      bar.show({ done: bytes, total: totalBytes, now: `file ${seq}` }),
  };
  return {
    callbacks,
    clear: () => line.clear(),
    finish: (manifest: Manifest, folder: string) => {
      line.clear();
      for (const text of fetchSummary(manifest, folder)) note(text);
    },
  };
}

/** What was copied and what is missing, a line each. */
export function fetchSummary(
  { files, gaps, interruptions, recording, dropped }: Manifest,
  folder: string,
): string[] {
  const here = files.filter(({ state }) => state === 'whole' || state === 'partial');
  const packets = here.reduce((sum, file) => sum + file.packets, 0);
  const bytes = here.reduce((sum, file) => sum + file.size, 0);
  const lost = files.filter(({ state }) => state === 'lost');
  const unverified = new Set(
    files.flatMap(({ state, unverified: why }) => (state === 'whole' ? (why ?? []) : [])),
  );
  return [
    `${countText(here.length, 'file')}, ${countText(packets, 'packet')} (${bytesText(bytes)}) in ${folder}` +
      (recording ? '; still recording' : '') +
      (dropped ? `; ${countText(dropped, 'packet')} DROPPED by the kernel` : ''),
    ...lost.map(({ seq, note }) => `LOST: file ${seq}: ${note}`),
    ...gaps.map(({ first, last, why }) =>
      first === last
        ? `missing: file ${first}: ${why}`
        : `missing: files ${first} to ${last}: ${why}`,
    ),
    ...interruptions.map(
      ({ at, why }) => `INTERRUPTED${at === undefined ? '' : ` at ${at}`}: ${why}`,
    ),
    ...[...unverified].map((why) => `note: verified by size and packets only: ${why}`),
  ];
}
