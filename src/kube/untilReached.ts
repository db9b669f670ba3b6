import { setTimeout as wait } from 'node:timers/promises';
import { ApiError, mayPass } from './apiError.ts';

const PAUSES_MS = [300, 1_000, 3_000] as const;

/**
 * Repeats a request, up to three times, if the network or a busy server prevented it, as with "socket hang up". For
 * requests that may be sent twice without harm. Throws the error of the last attempt, or the signal's reason. A
 * container that does not exist is a final answer, although the kubelet reports it as an internal error.
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

/** Whether an exec was refused because the container no longer exists, in the kubelet's words. */
export function isNoContainer(error: unknown): boolean {
  return error instanceof ApiError && /container not found|not running/i.test(error.serverMessage);
}
