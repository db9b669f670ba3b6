import { interfaceBlock, namesBlock, sectionBlock } from '../../../src/pcap/pcapngBlocks.ts';
import { words } from '../packets/madeFrames.ts';
import {
  answer,
  handshake,
  packetBlock,
  question,
  segment,
  type Timed,
} from '../reading/support.ts';

/** Text that contains a script, terminal escapes, and characters that reorder text. */
export const MARKUP = `</script><script>document.title='owned'</script><img src=x onerror="document.title='owned'">`;
export const ESCAPES = '\u001b]0;owned\u0007\u001b[31mred';
export const RIGHT_TO_LEFT = 'invoice\u202efdp.exe\u2066\u200b';
const HUGE = 1_000_000;
/** The longest name that a pcapng file allows. */
const LONG_NAME = 60_000;

/** A capture with hostile DNS, TLS, HTTP and pod names. */
export function hostileCapture(): Buffer {
  const packets: Timed[] = [
    [0, question({ id: 1, name: `${MARKUP.slice(0, 60)}.example` })],
    [1, answer({ id: 1, name: `${MARKUP.slice(0, 60)}.example` })],
    [2, question({ id: 2, name: `${ESCAPES}.example` })],
    [3, question({ id: 3, name: `${RIGHT_TO_LEFT}.example` })],
    ...handshake(10),
    [
      13,
      segment('up', {
        seq: 1,
        ack: 1,
        flags: 0x18,
        data: `GET /${MARKUP} HTTP/1.1\r\nHost: ${ESCAPES}\r\n\r\n`.replace(/ (?=on|src)/g, '/'),
      }),
    ],
    ...moved(handshake(20), 40_001),
    [
      23,
      segment('up', {
        from: 40_001,
        to: 443,
        seq: 1,
        ack: 1,
        flags: 0x18,
        data: clientHello(MARKUP + RIGHT_TO_LEFT),
      }),
    ],
    ...moved(handshake(30), 40_002),
    ...hugeRequest(33),
  ];
  const comments = [`pod: ${MARKUP}\nnamespace: ${RIGHT_TO_LEFT}`];
  return Buffer.concat([
    sectionBlock({ application: MARKUP }),
    interfaceBlock({
      linkType: 1,
      snapLength: 0,
      resolution: 9,
      comments,
      name: MARKUP,
      description: ESCAPES,
      filter: MARKUP,
      os: RIGHT_TO_LEFT,
    }),
    namesBlock([
      { address: Buffer.from([10, 244, 1, 7]), name: `${MARKUP}${'x'.repeat(LONG_NAME)}` },
      { address: Buffer.from([10, 96, 0, 20]), name: `${RIGHT_TO_LEFT}${ESCAPES}` },
    ]),
    ...packets.map(([at, frame]) => packetBlock(0, at, frame)),
  ]);
}

/** The same packets of a handshake from another port, to 443. */
function moved(packets: readonly Timed[], port: number): Timed[] {
  return packets.map(([at, frame]) => {
    const copy = Buffer.from(frame);
    const isUp = copy.readUInt16BE(34) === 40_000;
    copy.writeUInt16BE(isUp ? port : 443, 34);
    copy.writeUInt16BE(isUp ? 443 : port, 36);
    return [at, copy];
  });
}

function hugeRequest(at: number): Timed[] {
  const text = `GET /${'A'.repeat(HUGE)}${MARKUP.replaceAll(' ', '/')} HTTP/1.1\r\nHost: huge\r\n\r\n`;
  const size = 60_000;
  return Array.from({ length: Math.ceil(text.length / size) }, (_, index) => [
    at + index / 10,
    segment('up', {
      from: 40_002,
      to: 443,
      seq: 1 + index * size,
      ack: 1,
      flags: 0x18,
      data: text.slice(index * size, (index + 1) * size),
    }),
  ]);
}

/** A ClientHello with this server name (RFC 8446, 4.1.2; RFC 6066, 3). */
function clientHello(name: string): Buffer {
  const bytes = Buffer.from(name);
  const list = Buffer.concat([Buffer.alloc(1), words(bytes.length), bytes]);
  const extension = Buffer.concat([words(0, list.length + 2, list.length), list]);
  const body = Buffer.concat([
    words(0x0303),
    Buffer.alloc(33),
    words(2, 0x1301),
    Buffer.from([1, 0]),
    words(extension.length),
    extension,
  ]);
  const message = Buffer.concat([Buffer.from([1, 0]), words(body.length), body]);
  return Buffer.concat([Buffer.from([0x16, 3, 1]), words(message.length), message]);
}
