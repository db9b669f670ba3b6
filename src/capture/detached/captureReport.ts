import { StartSlots } from '../../debugger/startSlots.ts';
import type { KubeApi } from '../../kube/api.ts';
import { messageOf } from '../../problem.ts';
import type { Listing } from '../spool/listing.ts';
import type { DetachedCapture } from './captures.ts';
import { nodeOfCapture, spoolAccessOf } from './detachedSpool.ts';
import { notStartedReason } from './notStartedReason.ts';

/** A capture and, if its recorder answered, the recorder's report. */
export interface CaptureReport {
  readonly capture: DetachedCapture;
  readonly listing?: Listing;
  /** Why the container is not running, although it should be by now. */
  readonly notStarted?: string;
  /** Why the recorder did not answer, although its container is running. */
  readonly unanswered?: string;
}

/** How long to wait for a recorder's answer. */
const ANSWER_LIMIT_MS = 10_000;

/**
 * Asks the recorders of the running captures, several at a time, and finds out why the other containers are not
 * running. Calls `onProgress` with the number of finished captures.
 */
export async function reportCaptures(
  api: KubeApi,
  captures: readonly DetachedCapture[],
  signal: AbortSignal,
  onProgress: (done: number, total: number) => void = () => {},
): Promise<CaptureReport[]> {
  let done = 0;
  // Each question is an exec.
  return StartSlots.forQueries().map(captures, nodeOfCapture, async (capture) => {
    const report = await reportOf(api, capture, signal);
    done += 1;
    onProgress(done, captures.length);
    return report;
  });
}

async function reportOf(
  api: KubeApi,
  capture: DetachedCapture,
  signal: AbortSignal,
): Promise<CaptureReport> {
  if (capture.state.kind === 'starting') {
    const notStarted = await notStartedReason(api, capture, signal);
    return { capture, ...(notStarted !== undefined && { notStarted }) };
  }
  if (capture.state.kind !== 'running') return { capture };
  const limit = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_LIMIT_MS)]);
  try {
    return { capture, listing: await spoolAccessOf(api, capture, limit).list() };
  } catch (error) {
    signal.throwIfAborted();
    return { capture, unanswered: limit.aborted ? 'no answer' : messageOf(error) };
  }
}
