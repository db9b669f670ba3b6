import { describe, expect, it } from 'vitest';
import {
  allOf,
  anyOf,
  type CaptureFilter,
  everyPacket,
  expression,
  not,
  renderCaptureFilter,
  test,
} from '../../../src/filters/capture/captureFilter.ts';
import { fileOf, icmp, LINKS, tcp, udp } from './support/packets.ts';
import { selected } from './support/tcpdump.ts';

const PACKETS = ([4, 6] as const).flatMap((family) => [
  tcp('', { family, flags: 0x02, ports: [40_000, 443] }),
  tcp('', { family, flags: 0x04, ports: [443, 40_000] }),
  tcp('x'.repeat(200), { family, ports: [40_000, 22] }),
  udp(Buffer.alloc(20), family, [40_000, 53]),
  udp(Buffer.alloc(300), family, [40_000, 8080]),
  icmp(family, family === 4 ? 8 : 128),
]);
const FILE = fileOf(
  PACKETS.map((packet) => LINKS.ethernet.frame(packet)),
  1,
);

const LEAVES: readonly CaptureFilter[] = [
  test('tcp'),
  test('udp'),
  test('ip6'),
  test('port 443'),
  test('host 10.0.0.1'),
  test('tcp[13] & 2 != 0'),
  expression('port 53 or port 22'),
  expression('udp and greater 200'),
  expression('not ip and not port 443'),
];
const everything = PACKETS.map((_, index) => index);
const byLeaf = new Map(
  LEAVES.map((leaf) => [leaf, new Set(selected(FILE, renderCaptureFilter(leaf) ?? ''))]),
);

/** A reproducible generator of numbers from 0 to 1 (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Made {
  readonly filter: CaptureFilter;
  /** The packets that it selects according to and, or and not. */
  readonly selects: ReadonlySet<number>;
}

function made(random: () => number, depth: number): Made {
  const kind = depth === 0 ? 0 : Math.floor(random() * 5);
  if (kind < 2) {
    const filter = LEAVES[Math.floor(random() * LEAVES.length)] ?? everyPacket;
    return { filter, selects: byLeaf.get(filter) ?? new Set(everything) };
  }
  if (kind === 2) {
    const { filter, selects } = made(random, depth - 1);
    // libpcap refuses a filter that can select nothing.
    if (renderCaptureFilter(filter) === undefined) return { filter, selects };
    return {
      filter: not(filter),
      selects: new Set(everything.filter((packet) => !selects.has(packet))),
    };
  }
  const parts = Array.from({ length: 1 + Math.floor(random() * 3) }, () =>
    random() < 0.1
      ? { filter: everyPacket, selects: new Set(everything) }
      : made(random, depth - 1),
  );
  const filters = parts.map(({ filter }) => filter);
  const holds = (packet: number) => (part: Made) => part.selects.has(packet);
  return kind === 3
    ? {
        filter: allOf(filters),
        selects: new Set(everything.filter((packet) => parts.every(holds(packet)))),
      }
    : {
        filter: anyOf(filters),
        selects: new Set(everything.filter((packet) => parts.some(holds(packet)))),
      };
}

describe('the algebra of capture filters', () => {
  it('renders and, or and not with the same meaning for libpcap', () => {
    for (let seed = 1; seed <= 150; seed += 1) {
      const { filter, selects } = made(randomFrom(seed), 4);
      const text = renderCaptureFilter(filter);
      const matching = selectedBy(text);
      expect(matching, `seed ${seed}: ${text}`).toEqual([...selects].sort((a, b) => a - b));
    }
  });
});

/** What tcpdump selects; nothing if libpcap refuses an expression that is false for every packet. */
function selectedBy(text = ''): number[] {
  try {
    return selected(FILE, text);
  } catch {
    return [];
  }
}
