/**
 * The values of several sources as they arrive. Ends when all sources have ended. Leaving it early does not end the
 * sources.
 */
export async function* mergeIterators<Value>(
  sources: readonly AsyncIterator<Value, unknown>[],
): AsyncGenerator<Value> {
  const next = (source: AsyncIterator<Value, unknown>) => {
    const promise = source.next().then((result) => ({ source, result }));
    // A failure while the reader is busy is thrown at its next read, or never if it has left.
    promise.catch(() => {});
    return promise;
  };
  const pending = new Map(sources.map((source) => [source, next(source)]));
  while (pending.size > 0) {
    const { source, result } = await Promise.race(pending.values());
    if (result.done) pending.delete(source);
    else {
      pending.set(source, next(source));
      yield result.value;
    }
  }
}
