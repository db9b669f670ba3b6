import { setTimeout as wait } from 'node:timers/promises';
import { ApiError, isTransient } from './apiError.ts';

const RETRY_DELAYS_MS = [300, 1_000, 3_000] as const;

/**
 * Repeats a request, up to three times, if the network or a busy server prevented it, as with "socket hang up". For
 * requests that may be sent twice without harm. Throws the error of the last attempt, or the signal's reason. A
 * container that does not exist is a final answer, although the kubelet reports it as an internal error.
 */
export async function retryUnreachable<T>(
  request: () => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  for (const delay of RETRY_DELAYS_MS) {
    try {
      return await request();
    } catch (error) {
      signal.throwIfAborted();
      if (!isTransient(error) || isContainerMissing(error)) throw error;
      await wait(delay, undefined, { signal });
    }
  }
  return request();
}

/** Whether an exec was refused because the container no longer exists, in the kubelet's words. */
export function isContainerMissing(error: unknown): boolean {
  return error instanceof ApiError && /container not found|not running/i.test(error.serverMessage);
}
