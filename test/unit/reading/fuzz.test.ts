import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { InvalidPcapError } from '../../../src/pcap/records.ts';
import { renderSummary } from '../../../src/reading/renderSummary.ts';
import { summarize, UnreadableCapture } from '../../../src/reading/summary.ts';
import { summaryFacts } from '../../../src/reading/summaryJson.ts';
import { ethernet, geneve, icmp, ipv4, ipv6, tcp, udp, vxlan } from '../packets/madeFrames.ts';
import { Chance, pcapOf } from '../pcap/madeCaptures.ts';
import { answer, handshake, question, segment } from './support.ts';

/** Number of files, each with a few dozen mutated packets. For longer runs: FUZZ_FILES=50000 FUZZ_SEED=7. */
const FILES = Number(process.env.FUZZ_FILES ?? 400);
const LINK_TYPES = [0, 1, 9, 50, 101, 104, 108, 113, 228, 229, 239, 276, 147];

const HELLO = Buffer.from(
  `16030100520100004e0303${'00'.repeat(32)}000002c02f01000023${'00'.repeat(35)}`,
  'hex',
);
const INNER = ethernet(0x0800, ipv4({}, tcp({}, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')));
const SEEDS: readonly Buffer[] = [
  ...handshake(0).map(([, frame]) => frame),
  segment('up', { seq: 1, ack: 1, flags: 0x18, data: HELLO.toString('latin1') }),
  segment('down', {
    seq: 1,
    ack: 1,
    flags: 0x18,
    data: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n',
  }),
  question({ id: 1, name: 'api.example.com' }),
  answer({ id: 1, name: 'api.example.com' }),
  ethernet(0x0800, ipv4({ protocol: 17 }, udp([1, 4789], vxlan(5, INNER)))),
  ethernet(0x0800, ipv4({ protocol: 17 }, udp([1, 6081], geneve(5, 0x6558, INNER, 4)))),
  ethernet(0x0800, ipv4({ protocol: 17, fragment: 0x2000 }, udp([9, 53], Buffer.alloc(32, 1)))),
  ethernet(0x0800, ipv4({ protocol: 17, fragment: 0x0005 }, Buffer.alloc(32, 1))),
  ethernet(0x0800, ipv4({ protocol: 1 }, icmp(3, 4, ipv4({}, tcp({}))))),
  ethernet(0x86dd, ipv6({ protocol: 0 }, Buffer.from([6, 0, 1, 4, 0, 0, 0, 0]), tcp({}, 'x'))),
];

it(
  'survives mutated files and packets, and has output for each file',
  async () => {
    const chance = new Chance(Number(process.env.FUZZ_SEED ?? 20_240_601));
    for (let file = 0; file < FILES; file++) {
      const packets = Array.from({ length: 30 }, (_, index) => {
        const data = mutated(chance, chance.oneOf(SEEDS), chance.between(0, 4));
        return {
          at: { seconds: 1_700_000_000 + index, nanoseconds: chance.between(0, 999_999) * 1000 },
          originalLength: data.length + chance.oneOf([0, 0, 0, 40, 100_000]),
          data: data.subarray(
            0,
            chance.oneOf([data.length, data.length, chance.between(0, data.length)]),
          ),
        };
      });
      const whole = pcapOf({
        nanoseconds: chance.between(0, 1) === 1,
        littleEndian: chance.between(0, 1) === 1,
        linkType: chance.oneOf(chance.between(0, 1) === 0 ? [1] : LINK_TYPES),
        snapLength: 262_144,
        packets,
      });
      const bytes = chance.between(0, 3) === 0 ? mutated(chance, whole, 3) : whole;
      try {
        const source = { label: 'fuzz', paths: [], stream: Readable.from([bytes]) };
        const summary = await summarize([source]);
        const text = [...renderSummary(summary, ['x.pcap'])].join('');
        expect(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/.test(text)).toBe(false);
        JSON.stringify(summaryFacts(summary));
      } catch (error) {
        // Only files that are no longer captures may be refused.
        const isRefused =
          error instanceof UnreadableCapture && error.cause instanceof InvalidPcapError;
        if (!isRefused) throw new Error(`file ${file} fails`, { cause: error });
      }
    }
  },
  Math.max(60_000, FILES * 100),
);

/** The bytes with a few changes; occasionally some bytes are removed or inserted. */
function mutated(chance: Chance, bytes: Buffer, changes: number): Buffer {
  let result: Buffer = Buffer.from(bytes);
  for (let change = 0; change < changes && result.length > 0; change++) {
    const at = chance.between(0, result.length - 1);
    switch (chance.between(0, 5)) {
      case 0:
        result = Buffer.concat([
          result.subarray(0, at),
          result.subarray(at + chance.between(1, 8)),
        ]);
        break;
      case 1:
        result = Buffer.concat([result.subarray(0, at), chance.bytes(4), result.subarray(at)]);
        break;
      case 2:
        result[at] = chance.oneOf([0, 0xff, 0x7f, 0x80, 0xc0]);
        break;
      default:
        result[at] = chance.between(0, 255);
    }
  }
  return result;
}
