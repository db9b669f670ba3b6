/** The values of several sources as they come; ends when all have. Leaving it leaves the sources. */
export async function* merged<Value>(
  sources: readonly AsyncIterator<Value, unknown>[],
): AsyncGenerator<Value> {
  const next = async (source: AsyncIterator<Value, unknown>) => ({
    source,
    result: await source.next(),
  });
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
