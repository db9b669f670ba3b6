import { StringDecoder } from 'node:string_decoder';

/**
 * Calls `visit` with each line of the chunks, without its line feed, as they arrive. The last line need not end with a
 * line feed. `visit` is synchronous, because awaiting it for each of 100,000 lines would cost more than parsing them.
 */
export async function forEachLine(
  chunks: AsyncIterable<Uint8Array>,
  visit: (line: string) => void,
): Promise<void> {
  const decoder = new StringDecoder('utf8');
  let unfinished = '';
  for await (const chunk of chunks) {
    const text = unfinished + decoder.write(chunk);
    let start = 0;
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      visit(text.slice(start, end));
      start = end + 1;
    }
    unfinished = text.slice(start);
  }
  unfinished += decoder.end();
  if (unfinished !== '') {
    visit(unfinished);
  }
}
