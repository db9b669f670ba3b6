import { describe, expect, it } from 'vitest';
import { BadFrame, type Frame, FrameParser } from '../../../../src/capture/follower/frames.ts';

/** A generator of numbers below `bound`, the same ones for the same seed. */
function random(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state % bound;
  };
}

/** What a follower might send, with bytes in it that look like frame lines, and the expected frames. */
function conversation(next: (bound: number) => number) {
  const stream: Buffer[] = [Buffer.from('hello 1 tcpdump eth0\n')];
  const meant: Frame[] = [{ kind: 'hello', engine: 'tcpdump', device: 'eth0' }];
  let [seq, offset] = [1, 0];
  for (let i = 0; i < 30; i++) {
    const what = next(6);
    if (what < 3) {
      const bytes = Buffer.from('\ndata 1 0 5\nover x 1\n'.repeat(next(40) + 1));
      stream.push(Buffer.from(`data ${seq} ${offset} ${bytes.length}\n`), bytes);
      meant.push({ kind: 'data', seq, offset, bytes });
      offset += bytes.length;
    } else if (what === 3) {
      stream.push(Buffer.from(`end ${seq} ${offset}\n`));
      meant.push({ kind: 'end', seq, size: offset });
      [seq, offset] = [seq + 1, 0];
    } else if (what === 4) {
      stream.push(Buffer.from(`gap ${seq} ${seq + 2}\n`));
      meant.push({ kind: 'gap', first: seq, last: seq + 2 });
      [seq, offset] = [seq + 3, 0];
    } else {
      stream.push(Buffer.from(`state newest=${seq} size=${offset} held=9 free=100 phase=x\n`));
      const values = { newest: seq, size: offset, held: 9, free: 100 };
      meant.push({ kind: 'state', values });
    }
  }
  stream.push(
    Buffer.from('log tcpdump: 3 packets  captured\nover stopped 0 captured=3 dropped=0\n'),
  );
  meant.push(
    { kind: 'log', text: 'tcpdump: 3 packets  captured' },
    { kind: 'over', why: 'stopped', exit: 0, values: { captured: 3, dropped: 0 } },
  );
  return { stream: Buffer.concat(stream), meant };
}

/** Parts of one data frame joined; copied, as every caller that keeps them must do. */
function joined(frames: readonly Frame[]): Frame[] {
  const whole: Frame[] = [];
  for (const frame of frames) {
    const last = whole.at(-1);
    if (
      frame.kind === 'data' &&
      last?.kind === 'data' &&
      frame.seq === last.seq &&
      frame.offset === last.offset + last.bytes.length
    )
      whole[whole.length - 1] = { ...last, bytes: Buffer.concat([last.bytes, frame.bytes]) };
    else whole.push(frame.kind === 'data' ? { ...frame, bytes: Buffer.from(frame.bytes) } : frame);
  }
  return whole;
}

function parse(...chunks: Buffer[]): Frame[] {
  const parser = new FrameParser();
  return chunks.flatMap((chunk) => [...parser.parse(chunk)]);
}

describe('the frames of a follower', () => {
  it.each(Array.from({ length: 50 }, (_, seed) => seed))(
    'are the same wherever chunks end (seed %i)',
    (seed) => {
      const next = random(seed + 1);
      const { stream, meant } = conversation(next);
      const longest = [1, 3, 50, 5_000][seed % 4] ?? 1;
      const chunks: Buffer[] = [];
      for (let at = 0; at < stream.length; ) {
        const length = 1 + next(longest);
        chunks.push(stream.subarray(at, at + length));
        at += length;
      }
      expect(joined(parse(...chunks))).toEqual(joined(meant));
    },
  );

  it('deliver bytes as they arrive, however long the frame is', () => {
    const parser = new FrameParser();
    const chunk = Buffer.alloc(1_000_000, 'x');
    expect([...parser.parse(Buffer.from(`data 7 100 ${1e9}\n`))]).toEqual([]);
    for (let offset = 100; offset < 100e6; offset += chunk.length)
      expect([...parser.parse(chunk)]).toMatchObject([{ kind: 'data', seq: 7, offset }]);
  });

  it('without bytes are ignored', () => {
    expect(parse(Buffer.from('data 1 0 0\nend 1 0\n'))).toEqual([{ kind: 'end', seq: 1, size: 0 }]);
  });

  it.each([
    'GARBAGE\n',
    'hello 2 tcpdump eth0\n',
    'data 1 0\n',
    'data 1 -1 5\n',
    'data 1 1e3 5\n',
    'data 1 0 99999999999999999999\n',
    'end 1\n',
    'gap 1 x\n',
    '\n',
    'x'.repeat(9_000),
  ])('do not include %j', (text) => {
    expect(() => parse(Buffer.from(text))).toThrow(BadFrame);
  });
});
