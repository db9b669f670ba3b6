import { StringDecoder } from 'node:string_decoder';

/** A longer line is given in pieces, so that memory is bounded. */
const MAX_LINE = 64 * 1024;

/** Splits a stream of UTF-8 into lines, without their ends; the last one needs none. */
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
