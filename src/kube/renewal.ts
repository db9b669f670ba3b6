import { Problem } from '../problem.ts';
import { isApiError } from './apiError.ts';
import type { Access, Headers } from './authentication.ts';

/**
 * Sends a request with the current credentials. If the server refuses them (401) and others are available, sends it
 * once more with those. A token that expires during a long capture therefore costs only one request.
 */
export async function withCredentialRenewal<T>(
  access: Access,
  send: (headers: Headers) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const headers = await readHeaders(access, signal);
  try {
    return await send(headers);
  } catch (error) {
    const unauthorized = isApiError(error, 401);
    if (!unauthorized || !(await access.renew?.(headers))) throw error;
    return send(await readHeaders(access, signal));
  }
}

/**
 * Ctrl-C also ends a credential plugin, whose failure is then not worth an error. If a request is abandoned while the
 * user logs in, the login is to blame, not the server.
 */
async function readHeaders(access: Access, signal: AbortSignal | undefined): Promise<Headers> {
  const startTime = Date.now();
  try {
    const headers = await access.headers();
    if (signal?.aborted && signal.reason instanceof Problem)
      throw new Problem(
        `your login had expired, and it took ${Math.round((Date.now() - startTime) / 1000)} s to log in again`,
        { kind: 'unauthenticated' },
      );
    return headers;
  } catch (error) {
    if (!(signal?.reason instanceof Problem)) signal?.throwIfAborted();
    throw error;
  }
}
