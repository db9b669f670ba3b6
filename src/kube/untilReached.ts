import { setTimeout as wait } from 'node:timers/promises';
import { ApiError, mayPass } from './apiError.ts';

const PAUSES_MS = [300, 1_000, 3_000] as const;

/**
 * Repeats, up to three times, what the network or a busy server prevented, such as a "socket hang up". For what may
 * be done twice without harm. Throws what the last attempt throws, or the signal's reason. A container that is not
 * there is an answer, though the kubelet gives it as an internal error.
 */
export async function untilReached<T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (const pause of PAUSES_MS) {
    try {
      return await ask();
    } catch (error) {
      signal.throwIfAborted();
      if (!mayPass(error) || isNoContainer(error)) throw error;
      await wait(pause, undefined, { signal });
    }
  }
  return ask();
}

/** Whether an exec was refused since the container is not there any more, as the kubelet words it. */
export function isNoContainer(error: unknown): boolean {
  return error instanceof ApiError && /container not found|not running/i.test(error.serverMessage);
}
