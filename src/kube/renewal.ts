import { ApiError } from './apiError.ts';
import type { Access, Headers } from './authentication.ts';

/**
 * Sends a request with the credentials there are; when the server takes them no more (401) and
 * others can be had, sends it once more with those. So a token that ends during a long capture
 * costs nothing but a request.
 */
export async function withRenewal<T>(
  access: Access,
  send: (headers: Headers) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const headers = await headersOf(access, signal);
  try {
    return await send(headers);
  } catch (error) {
    const unauthorized = error instanceof ApiError && error.code === 401;
    if (!unauthorized || !(await access.renew?.(headers))) throw error;
    return send(await headersOf(access, signal));
  }
}

/** Ctrl-C ends a credential plugin too; that it failed is then no news. */
async function headersOf(access: Access, signal: AbortSignal | undefined): Promise<Headers> {
  try {
    return await access.headers();
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}
