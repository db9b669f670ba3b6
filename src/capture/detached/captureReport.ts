import { StartSlots } from '../../debugger/startSlots.ts';
import type { KubeApi } from '../../kube/api.ts';
import { messageOf } from '../../problem.ts';
import type { Listing } from '../spool/listing.ts';
import type { DetachedCapture } from './captures.ts';
import { whyNotStarted } from './notStarted.ts';
import { nodeOfCapture, spoolAccessOf } from './spoolOf.ts';

/** A capture and what its recorder says, where it could be asked. */
export interface CaptureReport {
  readonly capture: DetachedCapture;
  readonly listing?: Listing;
  /** Why the container does not run, of one that should by now. */
  readonly notStarted?: string;
  /** Why the recorder could not be asked though its container runs. */
  readonly unanswered?: string;
}

/** A recorder that has not answered by then is not waited for. */
const ANSWER_MS = 10_000;

/**
 * Asks the recorders of the captures whose containers run, some at a time, and finds out why others do not. Calls
 * `onProgress` with how many are done.
 */
export async function reportCaptures(
  api: KubeApi,
  captures: readonly DetachedCapture[],
  signal: AbortSignal,
  onProgress: (done: number, total: number) => void = () => {},
): Promise<CaptureReport[]> {
  let done = 0;
  // Each is an exec.
  return StartSlots.forQuestions().map(captures, nodeOfCapture, async (capture) => {
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
    const notStarted = await whyNotStarted(api, capture, signal);
    return { capture, ...(notStarted !== undefined && { notStarted }) };
  }
  if (capture.state.kind !== 'running') return { capture };
  const limit = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
  try {
    return { capture, listing: await spoolAccessOf(api, capture, limit).list() };
  } catch (error) {
    signal.throwIfAborted();
    return { capture, unanswered: limit.aborted ? 'no answer' : messageOf(error) };
  }
}
