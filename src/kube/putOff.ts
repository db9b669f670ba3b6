import { setTimeout as wait } from 'node:timers/promises';
import type { ApiError } from './apiError.ts';

/** How often a request is sent again that the server put off (429 or 503 with Retry-After). */
const MAX_RETRIES = 3;
/** Nobody waits longer than this for a server that put a request off. */
const MAX_RETRY_AFTER_S = 30;

/** Milliseconds the server asked to wait, by the refusal that said so. */
const delays = new WeakMap<object, number>();

/** Notes on a refusal that the server wants to be asked again, when its Retry-After header says so. */
export function notePutOff(refusal: ApiError, retryAfter: string | undefined): ApiError {
  const seconds = Number(retryAfter);
  const isPutOff = refusal.code === 429 || refusal.code === 503;
  if (isPutOff && seconds >= 0 && seconds <= MAX_RETRY_AFTER_S) delays.set(refusal, seconds * 1000);
  return refusal;
}

/** Makes a request, again when it was put off; ends early with the signal's reason when aborted. */
export async function askAgain<T>(request: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await request();
    } catch (error) {
      const delay = error instanceof Error ? delays.get(error) : undefined;
      if (delay === undefined || attempt >= MAX_RETRIES) throw error;
      await wait(delay, undefined, signal ? { signal } : {});
    }
  }
}
