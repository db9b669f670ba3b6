import { setTimeout as wait } from 'node:timers/promises';
import { showWaiting } from '../../debugger/startWait.ts';
import type { KubeApi } from '../../kube/api.ts';
import { Problem } from '../../problem.ts';
import { FETCH_LIMITS } from '../fetch/spoolAccess.ts';
import { SpoolGone } from '../fetch/spoolSource.ts';
import { explainRecorder } from '../recorder/recorderProblems.ts';
import { RecorderProblem } from '../recorderProblem.ts';
import type { Listing } from '../spool/listing.ts';
import type { DetachedCapture } from './captures.ts';
import type { DetachedRequest } from './detachedRequest.ts';
import { removeCapture, spoolAccessOf } from './detachedSpool.ts';

/** Milliseconds that the recorder may take from the start of its container to its first file. */
const RECORDING_LIMIT_MS = 120_000;
/** Pauses between checks in milliseconds. Each check is an exec, and these must not accumulate on a slow node. */
const POLL_PAUSES_MS = [200, 200, 500, 1_000, 2_000] as const;
/** A busy node starts a command long after the connection is established. */
const LIMITS = { ...FETCH_LIMITS, idle: 60_000, giveUpAfter: RECORDING_LIMIT_MS };

/** Waits until the recorder has its first file. Throws the recorder's own message if it fails. */
export async function waitUntilRecording(
  api: KubeApi,
  capture: DetachedCapture,
  request: DetachedRequest,
): Promise<Listing> {
  const { onProgress, onNote } = request;
  const stopTelling = showWaiting('the pod to start the recorder', {
    waiting: onProgress,
    note: onNote,
  });
  try {
    return await pollRecorder(api, capture, request);
  } finally {
    stopTelling();
  }
}

async function pollRecorder(
  api: KubeApi,
  capture: DetachedCapture,
  { signal, image, spec: { device } }: DetachedRequest,
): Promise<Listing> {
  const spool = spoolAccessOf(api, capture, signal, LIMITS);
  const limit = Date.now() + RECORDING_LIMIT_MS;
  for (let attempt = 0; ; attempt += 1) {
    const listing = await spool.list().catch((error) => {
      // At first the recorder's folder does not exist yet.
      if (!(error instanceof SpoolGone) || error.at !== undefined || Date.now() > limit)
        throw error;
      return undefined;
    });
    if (listing?.state.phase === 'recording' || listing?.state.phase === 'waiting') return listing;
    // A short recording may have ended before the first check.
    if (listing?.state.end && listing.files.length > 0 && listing.state.end.why !== 'engine')
      return listing;
    if (listing?.state.end) {
      // The spool holds nothing, so it need not be kept.
      await removeCapture(api, capture, signal).catch(() => {});
      throw await explainNotRecording(capture, listing, image, device);
    }
    if (Date.now() > limit)
      throw new Problem(`capture "${capture.name}" has not started recording`, {
        kind: 'not-started',
        next: ['it was stopped; try again when the node is less busy'],
      });
    await wait(POLL_PAUSES_MS[attempt] ?? POLL_PAUSES_MS.at(-1), undefined, { signal });
  }
}

async function explainNotRecording(
  { name, isOnNode }: DetachedCapture,
  { state, log }: Listing,
  image: string,
  device: string | undefined,
): Promise<Problem> {
  const problem = new RecorderProblem(log.join('\n'), state.end?.exit ?? 1);
  const explained = await explainRecorder(problem, image, device, async () => []);
  return new Problem(explained.message, {
    kind: explained.kind,
    exitCode: explained.exitCode,
    next: [
      ...explained.next,
      ...(isOnNode
        ? []
        : [
            `the container of capture "${name}" has ended; it stays in the pod's spec and uses no resources`,
          ]),
    ],
  });
}
