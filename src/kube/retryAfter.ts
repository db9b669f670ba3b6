import { setTimeout as wait } from 'node:timers/promises';
import { ApiError } from './apiError.ts';

/** How often a request is repeated when the server answers 429 or 503 with Retry-After. */
const MAX_RETRIES = 3;
/** Requests with a longer Retry-After are not repeated. */
const MAX_RETRY_AFTER_MS = 30_000;

/**
 * Sends a request, and repeats it if the server answers with Retry-After. Rejects with the signal's reason as soon as
 * the signal is aborted.
 */
export async function withRetryAfter<T>(
  request: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await request();
    } catch (error) {
      const delay = retryDelay(error);
      if (delay === undefined || attempt >= MAX_RETRIES) throw error;
      await wait(delay, undefined, signal ? { signal } : {});
    }
  }
}

/** Milliseconds to wait before the request is repeated. Undefined if it should not be. */
function retryDelay(error: unknown): number | undefined {
  if (!(error instanceof ApiError) || (error.code !== 429 && error.code !== 503)) return undefined;
  const { retryAfterMs: delay = Number.NaN } = error;
  return delay >= 0 && delay <= MAX_RETRY_AFTER_MS ? delay : undefined;
}
