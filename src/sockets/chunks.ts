/** Large enough to make a write efficient, small enough to keep memory flat with a slow reader. */
const CHUNK_LENGTH = 64 * 1024;

/** Joins short texts into chunks of about 64 KiB, for a writer with backpressure. */
export function* inChunks(texts: Iterable<string>): Generator<string> {
  let chunk = '';
  for (const text of texts) {
    chunk += text;
    if (chunk.length >= CHUNK_LENGTH) {
      yield chunk;
      chunk = '';
    }
  }
  if (chunk !== '') {
    yield chunk;
  }
}
