/** The values of several sources as they come; ends when all have. Leaving it leaves the sources. */
export async function* merged<Value>(
  sources: readonly AsyncIterator<Value, unknown>[],
): AsyncGenerator<Value> {
  const next = (source: AsyncIterator<Value, unknown>) => {
    const coming = source.next().then((result) => ({ source, result }));
    // A failure while the reader is busy is told when it comes back, and never to one that left.
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
