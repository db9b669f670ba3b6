import { describe, expect, it } from 'vitest';
import { FrameReader, maskedFrame, OPCODE } from '../../../src/kube/websocketFrames.ts';

const MAX_BYTES = 1 << 20;

/** A frame as a server sends it. */
function frame(opcode: number, payload: string | Buffer, { final = true } = {}): Buffer {
  const bytes = Buffer.from(payload);
  const { length } = bytes;
  const header = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  header[0] = (final ? 0x80 : 0) | opcode;
  header[1] = length < 126 ? length : length < 65_536 ? 126 : 127;
  if (header.length === 4) header.writeUInt16BE(length, 2);
  if (header.length === 10) header.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([header, bytes]);
}

/** What a reader finds in chunks: messages, with the number of calls and whether they ended, and control frames. */
function read(chunks: readonly Buffer[]) {
  const messages: { text: string; calls: number; isWhole: boolean }[] = [];
  const controls: [number, string][] = [];
  const reader = new FrameReader(
    {
      onData: (bytes, { isFirst, isLast }) => {
        if (isFirst) messages.push({ text: '', calls: 0, isWhole: false });
        const message = messages.at(-1);
        if (!message || message.isWhole) throw new Error('bytes outside of a message');
        message.text += bytes.toString('latin1');
        message.calls += 1;
        message.isWhole = isLast;
      },
      onControl: (opcode, payload) => controls.push([opcode, payload.toString()]),
    },
    MAX_BYTES,
  );
  for (const chunk of chunks) reader.read(chunk);
  return { messages, controls };
}

const LONG = 'l'.repeat(126);
const LONGER = 'x'.repeat(70_000);
const STREAM = Buffer.concat([
  frame(OPCODE.binary, 'one'),
  frame(OPCODE.ping, 'hello'),
  frame(OPCODE.binary, ''),
  frame(OPCODE.text, 'tw', { final: false }),
  frame(OPCODE.pong, ''),
  frame(OPCODE.continuation, '', { final: false }),
  frame(OPCODE.continuation, 'o'),
  frame(OPCODE.binary, '', { final: false }),
  frame(OPCODE.continuation, LONG),
  frame(OPCODE.binary, LONGER),
  frame(OPCODE.close, '\u0003'),
]);
const TEXTS = ['one', '', 'two', LONG, LONGER];
const CONTROLS = [
  [OPCODE.ping, 'hello'],
  [OPCODE.pong, ''],
  [OPCODE.close, '\u0003'],
];

describe('frames from a server', () => {
  it.each([1, 2, 3, 7, 125, 4096, STREAM.length])('in chunks of %i bytes', (size) => {
    const chunks: Buffer[] = [];
    for (let at = 0; at < STREAM.length; at += size) chunks.push(STREAM.subarray(at, at + size));
    const { messages, controls } = read(chunks);
    expect(messages.map(({ text }) => text)).toEqual(TEXTS);
    expect(messages.every(({ isWhole }) => isWhole)).toBe(true);
    expect(controls).toEqual(CONTROLS);
  });

  it('are passed on before they are complete, without a copy', () => {
    const whole = frame(OPCODE.binary, LONGER);
    const half = whole.subarray(0, 40_000);
    const frames: Buffer[] = [];
    const reader = new FrameReader(
      { onData: (bytes) => frames.push(bytes), onControl: () => {} },
      MAX_BYTES,
    );
    reader.read(half);
    expect(frames.map(({ length }) => length)).toEqual([40_000 - 10]);
    expect(frames[0]?.buffer).toBe(half.buffer);
  });

  it.each<[string, Buffer[]]>([
    ['with reserved bits', [Buffer.from([0xc2, 1, 0])]],
    ['that are masked', [Buffer.from([0x82, 0x81])]],
    ['of unknown kinds', [frame(3, '')]],
    ['of unknown control kinds', [frame(11, '')]],
    ['that continue no message', [frame(OPCODE.continuation, 'x')]],
    ['that begin within a message', [frame(1, 'x', { final: false }), frame(2, 'y')]],
    ['that fragment a control frame', [frame(OPCODE.ping, 'x', { final: false })]],
    ['that contain a long control frame', [frame(OPCODE.ping, 'x'.repeat(126))]],
    ['that are too large', [Buffer.from([0x82, 127, 0, 0, 0, 0, 0, 0x10, 0, 1])]],
    ['with a length beyond the safe integers', [Buffer.from([0x82, 127, ...Array(8).fill(255)])]],
  ])('%s are refused', (_, chunks) => {
    expect(() => read(chunks)).toThrow(/websocket/);
  });
});

describe('frames from a client', () => {
  it.each([0, 5, 125, 126, 65_535, 65_536])('of %i bytes can be unmasked', (size) => {
    const payload = Buffer.alloc(size, 'abcdefg');
    const header = maskedFrame(OPCODE.binary, payload);
    expect(header[0]).toBe(0x82);
    expect((header[1] ?? 0) & 0x80).toBe(0x80);
    const mask = header.subarray(-4);
    const plain = payload.map((byte, at) => byte ^ (mask[at % 4] ?? 0));
    expect(Buffer.from(plain).equals(Buffer.alloc(size, 'abcdefg'))).toBe(true);
    // Without the mask it is the same as a frame from a server.
    const length = Buffer.from(header.subarray(0, -4));
    length[1] = (length[1] ?? 0) & 0x7f;
    const { messages } = read([length, Buffer.from(plain)]);
    expect(messages[0]?.text.length).toBe(size);
  });
});
