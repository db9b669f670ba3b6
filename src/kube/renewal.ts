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
): Promise<T> {
  const headers = await access.headers();
  try {
    return await send(headers);
  } catch (error) {
    const unauthorized = error instanceof ApiError && error.code === 401;
    if (!unauthorized || !(await access.renew?.(headers))) throw error;
    return send(await access.headers());
  }
}
