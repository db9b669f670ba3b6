import { describe, expect, it } from 'vitest';
import { CopyFrames } from '../../../../src/capture/fetch/copyFrames.ts';
import { UnexpectedStream } from '../../../../src/capture/fetch/streamFailures.ts';

const PARTS = [
  { seq: 1, offset: 0, length: 5 },
  { seq: 2, offset: 7, length: 0 },
  { seq: 3, offset: 0, length: 9 },
  { seq: 4, offset: 0, length: 9 },
  { seq: 5, offset: 1, length: 6 },
];
const STREAM =
  'data 1 0 5\nhello' + 'data 2 7 0\n' + 'gone 3\n' + 'short 4\n' + 'data 5 1 6\nover\n1over\n';

/** What the reader reported, as text; the data of one part is joined. */
function read(...chunks: readonly string[]) {
  const frames = new CopyFrames(PARTS);
  const reported: string[] = [];
  const data = new Map<number, string>();
  for (const chunk of chunks)
    for (const frame of frames.read([Buffer.from(chunk)])) {
      const { seq } = frame.range;
      if (frame.kind === 'data') data.set(seq, (data.get(seq) ?? '') + frame.bytes.toString());
      else reported.push(`${frame.kind} ${seq}`);
    }
  return { reported, data: Object.fromEntries(data), isOver: frames.isOver };
}

const WHOLE = {
  reported: ['whole 1', 'whole 2', 'gone 3', 'short 4', 'whole 5'],
  data: { 1: 'hello', 5: 'over\n1' },
  isOver: true,
};

describe('frames of copied files', () => {
  it('are read the same wherever the stream is split', () => {
    expect(read(STREAM)).toEqual(WHOLE);
    for (let at = 1; at < STREAM.length; at++)
      expect(read(STREAM.slice(0, at), STREAM.slice(at)), `split at ${at}`).toEqual(WHOLE);
    expect(read(...STREAM)).toEqual(WHOLE);
  });

  it('do not end before their last frame, and no part is complete before the frame after it', () => {
    for (let at = 0; at < STREAM.length; at++) {
      const { reported, isOver } = read(STREAM.slice(0, at));
      expect(isOver, `cut at ${at}`).toBe(false);
      expect(reported).toEqual(WHOLE.reported.slice(0, reported.length));
      expect(reported).not.toContain('whole 5');
    }
    expect(read(STREAM.slice(0, 'data 1 0 5\nhello'.length)).reported).toEqual([]);
  });

  it.each([
    ['another file', STREAM.replace('data 1', 'data 2')],
    ['another offset', STREAM.replace('1 0 5', '1 1 5')],
    ['another length', STREAM.replace('1 0 5', '1 0 4')],
    ['a skipped file', STREAM.replace('gone 3\n', '')],
    ['more than was requested', `${STREAM}data 6 0 1\nx`],
    ['bytes after the end', `${STREAM}x\n`],
    ['an endless line', 'x'.repeat(100)],
    ['an early end', 'data 1 0 5\nhelloover\n'],
  ])('refuse %s', (_, stream) => {
    expect(() => read(stream)).toThrow(UnexpectedStream);
  });
});
