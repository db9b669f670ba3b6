import { StringDecoder } from 'node:string_decoder';

/** Longer lines are split to bound memory. */
const MAX_LINE = 64 * 1024;

/** Splits a stream of UTF-8 into lines without their line ends. The last line does not need one. */
export async function* linesOf(stream: AsyncIterable<unknown>): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for await (const chunk of stream) {
    const parts = (rest + decoder.write(chunk as Buffer)).split('\n');
    rest = parts.pop() ?? '';
    yield* parts;
    if (rest.length > MAX_LINE) {
      yield rest;
      rest = '';
    }
  }
  if (rest !== '') yield rest;
}
