/**
 * The values of several sources as they arrive. Ends when all sources have ended. Leaving it early does not end the
 * sources.
 */
export async function* merged<Value>(
  sources: readonly AsyncIterator<Value, unknown>[],
): AsyncGenerator<Value> {
  const next = (source: AsyncIterator<Value, unknown>) => {
    const coming = source.next().then((result) => ({ source, result }));
    // A failure while the reader is busy is thrown at its next read, or never if it has left.
    coming.catch(() => {});
    return coming;
  };
  const waiting = new Map(sources.map((source) => [source, next(source)]));
  while (waiting.size > 0) {
    const { source, result } = await Promise.race(waiting.values());
    if (result.done) waiting.delete(source);
    else {
      waiting.set(source, next(source));
      yield result.value;
    }
  }
}
