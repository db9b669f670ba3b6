import { setTimeout as wait } from 'node:timers/promises';
import type { LeasedProcess } from '../../debugger/leasedProcess.ts';
import { Problem } from '../../problem.ts';

/** How long the node may take to start the command: a busy node starts it long after the connection is established. */
const START_MS = 180_000;
/** From then until tcpdump reports that it is listening, or packets arrive. */
const CAPTURE_MS = 60_000;
/** How much longer than its duration to wait for a short capture. */
const OVERTIME_MS = 10_000;

/**
 * Returns a Problem if a recorder has not started recording in time; undefined if `begun` is aborted before that.
 * `duration`: of the capture, in milliseconds.
 */
export async function waitForStart(
  recorder: Pick<LeasedProcess, 'started'>,
  duration: number | undefined,
  started: AbortSignal,
): Promise<Problem | undefined> {
  try {
    const timedOut = Symbol('late');
    const limit = new AbortController();
    const first = await Promise.race([
      recorder.started,
      wait(START_MS, timedOut, { signal: AbortSignal.any([started, limit.signal]) }),
    ]);
    limit.abort();
    if (first === timedOut)
      return new Problem(`the pod has not started tcpdump within ${START_MS / 1000} s`, {
        kind: 'not-started',
        next: ['is its node overloaded? Check the load of the node, or try again later'],
      });
    const captureLimit = Math.min(CAPTURE_MS, (duration ?? CAPTURE_MS) + OVERTIME_MS);
    await wait(captureLimit, undefined, { signal: started });
    return new Problem(
      `tcpdump runs in the pod, but has not begun to capture within ${captureLimit / 1000} s`,
      {
        kind: 'not-started',
        next: ['does tcpdump work in this image? Choose another image with --image'],
      },
    );
  } catch (error) {
    if (!started.aborted) throw error;
    return undefined;
  }
}
