import { expect, it } from 'vitest';
import { handshake, segment, summaryOf, type Timed } from './support.ts';

/** Sends texts in turns after a handshake; with `false`, a text was sent but is missing in the capture. */
function dialogue(
  turns: readonly (readonly [direction: 'up' | 'down', data: Buffer, isCaptured?: boolean])[],
  port = 80,
): Timed[] {
  const packets: Timed[] = handshake(0).map(([at, frame]) => [at, withPort(frame, port)]);
  const next = { up: 1, down: 1 };
  let at = 10;
  for (const [direction, data, isCaptured = true] of turns) {
    const ack = direction === 'up' ? next.down : next.up;
    const frame = segment(direction, { seq: next[direction], ack, flags: 0x18, data });
    if (isCaptured) packets.push([at, withPort(frame, port)]);
    next[direction] += data.length;
    at += 10;
  }
  return packets;
}

/** Changes port 80 of a segment. */
function withPort(frame: Buffer, port: number): Buffer {
  for (const at of [34, 36]) if (frame.readUInt16BE(at) === 80) frame.writeUInt16BE(port, at);
  return frame;
}

const request = (path: string) => Buffer.from(`GET ${path} HTTP/1.1\r\nHost: shop\r\n\r\n`);
const response = (status: number, rest: string) => Buffer.from(`HTTP/1.1 ${status} X\r\n${rest}`);

it('resumes HTTP after a gap at the first message head at the start of a segment', async () => {
  const chunk = 'x'.repeat(200);
  const { conversations } = await summaryOf(
    dialogue([
      ['up', request('/1')],
      ['down', response(200, `Transfer-Encoding: chunked\r\n\r\nc8\r\n${chunk}`)],
      ['down', Buffer.from(`${chunk}${chunk}`), false],
      // This text looks like a head, but it is inside a segment.
      ['down', Buffer.from(`${chunk}HTTP/1.1 500 no head\r\n\r\n`)],
      ['up', request('/2'), false],
      ['down', response(200, 'Content-Length: 0\r\n\r\n')],
      ['up', request('/3')],
      ['down', response(503, 'Content-Length: 0\r\n\r\n')],
    ]),
  );
  const http = conversations[0]?.http;
  expect(http?.requests).toBe(2);
  expect([...(http?.statuses ?? [])]).toEqual([
    [200, 2],
    [503, 1],
  ]);
  const last = http?.exchanges.find(({ target }) => target === '/3');
  expect(last).toMatchObject({ status: 503 });
  expect((last?.responseTime ?? 0) - (last?.requestTime ?? 0)).toBe(10e6);
});

it('resumes DNS over TCP after a gap at the first whole message', async () => {
  const message = (id: number, flags: number) => {
    const name = Buffer.from('\x03api\x07example\x03com\0\0\x01\0\x01', 'latin1');
    const head = Buffer.from([0, id, flags >> 8, flags & 0xff, 0, 1, 0, 0, 0, 0, 0, 0]);
    return Buffer.concat([Buffer.from([0, head.length + name.length]), head, name]);
  };
  const { conversations } = await summaryOf(
    dialogue(
      [
        ['up', message(1, 0x0100)],
        ['down', message(1, 0x8180), false],
        ['up', message(2, 0x0100)],
        ['down', message(2, 0x8182)],
      ],
      53,
    ),
  );
  const lookups = conversations[0]?.dns?.lookups;
  expect(lookups?.map(({ id, responseCode }) => [id, responseCode])).toEqual([
    [1, -1],
    [2, 2],
  ]);
});

it('reads a TLS alert after a gap', async () => {
  const hello = Buffer.concat([
    Buffer.from('160303002f0100002b0303', 'hex'),
    Buffer.alloc(32, 7),
    Buffer.from('000004c02f00ff0100', 'hex'),
  ]);
  const { conversations } = await summaryOf(
    dialogue(
      [
        ['up', hello],
        ['down', Buffer.alloc(1400, 0x16), false],
        ['down', Buffer.from('15030300020228', 'hex')],
      ],
      443,
    ),
  );
  expect(conversations[0]?.tls?.alerts).toMatchObject([{ byClient: false, description: 40 }]);
});
