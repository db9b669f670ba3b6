import { Problem } from '../problem.ts';
import { isApiError } from './apiError.ts';
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
    const unauthorized = isApiError(error, 401);
    if (!unauthorized || !(await access.renew?.(headers))) throw error;
    return send(await headersOf(access, signal));
  }
}

/**
 * Ctrl-C ends a credential plugin too; that it failed is then no news. A request that was given up while the
 * user was logging in has the login to blame, and not the server.
 */
async function headersOf(access: Access, signal: AbortSignal | undefined): Promise<Headers> {
  const begun = Date.now();
  try {
    const headers = await access.headers();
    if (signal?.aborted && signal.reason instanceof Problem)
      throw new Problem(
        `your login had expired, and it took ${Math.round((Date.now() - begun) / 1000)} s to log in again`,
        { kind: 'unauthenticated' },
      );
    return headers;
  } catch (error) {
    if (!(signal?.reason instanceof Problem)) signal?.throwIfAborted();
    throw error;
  }
}
