import { earlyEndText } from '../capture/earlyEnd.ts';
import type { FetchOptions } from '../capture/fetch/fetchSpool.ts';
import type { FilteredCapture, Manifest, RecordingInterruption } from '../capture/manifest.ts';
import { unmatchedLines } from '../capture/unmatched.ts';
import type { Notice } from '../notice.ts';
import { ProgressBar } from '../output/progressBar.ts';
import { bytesText, clockText, countText, sum } from '../output/quantities.ts';
import { earlyEndMoment } from '../timing.ts';
import { note, notify, statusLine } from './console.ts';

/** Reports the progress and the results of fetches on standard error, with a label if there are several. */
export function fetchProgress() {
  const line = statusLine();
  const bar = new ProgressBar(line);
  const amounts = new Map<string, { readonly done: number; readonly total: number }>();
  return {
    callbacks: (
      folder: string,
      label?: string,
    ): Required<Pick<FetchOptions, 'onProgress' | 'onNote'>> => ({
      onNote: (notice) => notify(label === undefined ? notice : { ...notice, target: label }),
      onProgress: ({ bytes, totalBytes, seq, compression }) => {
        amounts.set(folder, { done: bytes, total: totalBytes });
        const all = [...amounts.values()];
        bar.show({
          done: sum(all.map(({ done }) => done)),
          total: sum(all.map(({ total }) => total)),
          now: `${label === undefined ? '' : `${label} `}file ${seq}${compression === undefined ? '' : `, ${compression}`}`,
        });
      },
    }),
    clear: () => line.clear(),
    finish: (manifest: Manifest, folder: string, label?: string) => {
      line.clear();
      reportFetched(manifest, folder, label);
    },
  };
}

function interruptionText({ at, until, why, lost }: RecordingInterruption): string {
  const [from = '', to = ''] = [at, until].map((time) => time && clockText(Date.parse(time)));
  return `INTERRUPTED${from && ` at ${from}`}: ${earlyEndText({ why, lost })}${to && `; recording resumed at ${to}`}`;
}

function earlyEndLine(
  { at, why, lost }: NonNullable<Manifest['endedEarly']>,
  recording: boolean,
): string {
  const ended = earlyEndText({
    at: at === undefined ? undefined : Date.parse(at) / 1000,
    why,
    lost,
  });
  return recording
    ? `NOT RECORDING: ${ended}; recording resumes when an interface of that name exists again`
    : `ENDED EARLY: ${ended}`;
}

function filteredText({ displayFilter, captureFilter, by }: FilteredCapture): string {
  return `only packets that match ${displayFilter ?? captureFilter} (evaluated by ${by}), not the whole capture`;
}

/** Reports what was copied and what is missing, with a label if there are several captures. */
export function reportFetched(manifest: Manifest, folder: string, label?: string): void {
  for (const item of fetchSummary(manifest, folder))
    if (typeof item === 'string') note(label === undefined ? item : `${label}: ${item}`);
    else notify(label === undefined ? item : { ...item, target: label });
  if (manifest.endedEarly) earlyEndMoment(manifest.endedEarly, label);
}

/** One item per line. */
function fetchSummary(manifest: Manifest, folder: string): (string | Notice)[] {
  const { files, gaps, interruptions, recording, dropped, endedEarly, unmatched } = manifest;
  const { filtered, device = '' } = manifest;
  const copied = files.filter(
    ({ state, name }) => name !== undefined && (state === 'whole' || state === 'partial'),
  );
  const packets = copied.reduce((sum, file) => sum + file.packets, 0);
  const bytes = copied.reduce((sum, file) => sum + file.size, 0);
  const lost = files.filter(({ state }) => state === 'lost');
  const unverified = new Set(
    files.flatMap(({ state, unverified: why }) => (state === 'whole' ? (why ?? []) : [])),
  );
  const copiedText =
    `${countText(copied.length, 'file')}, ${countText(packets, 'packet')} (${bytesText(bytes)}) in ${folder}` +
    (recording && !endedEarly ? '; still recording' : '');
  return [
    dropped
      ? {
          kind: 'dropped',
          text: `${copiedText}; ${countText(dropped, 'packet')} DROPPED by the kernel`,
        }
      : copiedText,
    ...(recording && copied.length === 0 && !filtered
      ? ['no file is complete yet; --flush copies what has been recorded so far']
      : []),
    ...(unmatched && packets === 0 && !filtered
      ? unmatchedLines({ ...unmatched, device }).map(
          (text) => ({ kind: 'unmatched', text }) as const,
        )
      : []),
    ...(filtered ? [filteredText(filtered)] : []),
    ...lost.map(({ seq, note }) => `LOST: file ${seq}: ${note}`),
    ...gaps.map(({ first, last, why }) =>
      first === last
        ? `missing: file ${first}: ${why}`
        : `missing: files ${first} to ${last}: ${why}`,
    ),
    // The last of them is the early end.
    ...(endedEarly ? interruptions.slice(0, -1) : interruptions).map(interruptionText),
    ...(endedEarly ? [earlyEndLine(endedEarly, recording)] : []),
    ...[...unverified].map((why) => `note: no checksum was computed in the pod: ${why}`),
  ];
}
