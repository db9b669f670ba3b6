import { ageText, bytesText } from '../../output/quantities.ts';
import { type ListFormat, optionalColumn, renderList } from '../../output/renderList.ts';
import type { Column } from '../../output/table.ts';
import { type EarlyEnd, earlyEndOf, earlyEndText } from '../earlyEnd.ts';
import type { CaptureReport } from './captureReport.ts';

/** The printed facts about a capture, for tables and machine-readable output. Times are in ISO 8601, sizes in bytes. */
export function captureFacts(report: CaptureReport) {
  const { capture, listing } = report;
  const { pod, options, state } = capture;
  const recorder = listing?.state;
  const end = recorder?.end;
  const early = reportedEarlyEnd(report);
  const sizes = listing?.files.map(({ size }) => size) ?? [];
  return {
    name: capture.name,
    namespace: pod.metadata.namespace,
    target: capture.target,
    pod: pod.metadata.name,
    podUid: pod.metadata.uid,
    node: pod.spec.nodeName,
    container: capture.container,
    image: capture.image,
    owner: capture.owner,
    volume: capture.volume,
    state: stateText(report),
    reason: reasonText(report),
    /** The class of an early end; see EarlyEndKind. */
    earlyEnd: early?.kind,
    created: capture.created.toISOString(),
    endedAt:
      early?.at !== undefined && end
        ? isoTime(early.at)
        : end?.at !== undefined
          ? isoTime(end.at)
          : 'at' in state
            ? state.at
            : undefined,
    endsAt: options.until === undefined ? undefined : isoTime(Number(options.until)),
    keptSeconds: numberOf(options.keep),
    device: recorder?.device ?? options.device,
    filter: options.expression,
    snapLength: numberOf(options.snaplen),
    ring: {
      files: numberOf(options.files),
      fileBytes: options.filekb === undefined ? undefined : Number(options.filekb) * 1000,
      ageSeconds: numberOf(options.age),
    },
    engine: recorder?.engine,
    argv: recorder?.argv,
    files: listing ? sizes.length : undefined,
    bytes: listing ? sizes.reduce((sum, size) => sum + size, 0) : undefined,
    recordedBytes: recorder?.bytes,
    removedFiles: recorder?.removed,
    captured: end?.captured,
    dropped: end?.dropped,
    freeBytes: listing && listing.freeKibibytes * 1024,
  };
}

type Facts = ReturnType<typeof captureFacts>;

export function renderCaptures(
  reports: readonly CaptureReport[],
  format: ListFormat,
  namespaces: boolean,
  now: number,
): Iterable<string> {
  return renderList(
    reports.map(captureFacts),
    format,
    ({ target, name }) => `${target}/${name}`,
    (wide) => columns(wide, namespaces, now, reports.some(hasReason)),
  );
}

/** Whether the state needs an explanation: the capture ended early, is lost, is waiting, or does not answer. */
function hasReason(report: CaptureReport): boolean {
  const { state } = report.capture;
  if (state.kind === 'lost' || report.unanswered !== undefined) return true;
  return reportedEarlyEnd(report) !== undefined || report.notStarted !== undefined;
}

function columns(
  wide: boolean,
  namespaces: boolean,
  now: number,
  reasons: boolean,
): Column<Facts>[] {
  const column = optionalColumn<Facts>;
  return [
    ...(namespaces ? [column('NAMESPACE', ({ namespace }) => namespace)] : []),
    column('NAME', ({ name }) => name),
    column('TARGET', ({ target }) => target),
    column('STATE', ({ state }) => state),
    column('AGE', ({ created }) => ageText(now - Date.parse(created))),
    column('FILES', ({ files }) => files),
    column('SIZE', ({ bytes }) => (bytes === undefined ? undefined : bytesText(bytes))),
    column('RING', ringText),
    column('ENDS', ({ endsAt, state }) =>
      endsAt !== undefined && state === 'Recording'
        ? `in ${ageText(Date.parse(endsAt) - now + ROUNDING_MS)}`
        : undefined,
    ),
    ...(wide
      ? [
          column('NODE', ({ node }) => node),
          column('INTERFACE', ({ device }) => device),
          column('DROPPED', ({ dropped }) => dropped),
          column('OWNER', ({ owner }) => owner),
          column('FILTER', ({ filter }) => filter),
        ]
      : []),
    ...(wide || reasons ? [column('REASON', ({ reason }) => reason)] : []),
  ];
}

/** Added before rounding down, so that a week that has just started is shown as a week. */
const ROUNDING_MS = 30_000;

function ringText({ ring: { files, fileBytes, ageSeconds } }: Facts): string | undefined {
  if (files === undefined || fileBytes === undefined) return undefined;
  const age = ageSeconds === undefined ? '' : ` / ${ageText(ageSeconds * 1000)}`;
  return `${files} × ${bytesText(fileBytes)}${age}`;
}

function stateText(report: CaptureReport): string {
  const { capture, listing, unanswered } = report;
  if (report.notStarted !== undefined) return 'Not started';
  if (capture.state.kind !== 'running') return CONTAINER_STATES[capture.state.kind];
  if (listing?.state.end && reportedEarlyEnd(report)) return 'Ended early';
  if (listing) return PHASES[listing.state.phase];
  return unanswered === undefined ? 'Running' : 'Unreachable';
}

const CONTAINER_STATES = { starting: 'Starting', lost: 'Lost', removed: 'Removed' } as const;
const PHASES = {
  starting: 'Starting',
  recording: 'Recording',
  waiting: 'Waiting',
  ended: 'Ended',
} as const;

function reasonText(report: CaptureReport) {
  const { capture, listing, unanswered } = report;
  const { state } = capture;
  if (state.kind === 'lost') return state.why;
  if (report.notStarted !== undefined) return report.notStarted;
  const early = reportedEarlyEnd(report);
  if (early) return earlyEndText(early);
  return listing?.state.end?.why ?? unanswered ?? ('reason' in state ? state.reason : undefined);
}

/** An unexpected end, or a missing interface that the recorder waits for. */
function reportedEarlyEnd({ listing }: CaptureReport): EarlyEnd | undefined {
  return listing && earlyEndOf(listing.state, listing.log);
}

function isoTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

function numberOf(word: string | undefined): number | undefined {
  return word === undefined ? undefined : Number(word);
}
