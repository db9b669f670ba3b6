import { Problem } from '../problem.ts';

/**
 * Limits one request, including its answer, to this many milliseconds (--request-timeout). 0 and undefined mean no
 * limit. Throws a Problem with kubectl's wording when the time is over.
 */
export async function withTimeout<T>(
  milliseconds: number | undefined,
  signal: AbortSignal | undefined,
  send: (signal: AbortSignal | undefined) => Promise<T>,
): Promise<T> {
  if (!milliseconds) return send(signal);
  const timeout = AbortSignal.timeout(milliseconds);
  try {
    return await send(signal ? AbortSignal.any([signal, timeout]) : timeout);
  } catch (error) {
    if (!timeout.aborted || signal?.aborted) throw error;
    throw new Problem(
      'Unable to connect to the server: context deadline exceeded (Client.Timeout exceeded while awaiting headers)',
      {
        kind: 'unreachable',
        next: [`--request-timeout gives each request ${milliseconds / 1000} s`],
        cause: error,
      },
    );
  }
}
