import { Readable } from 'node:stream';
import { interfaceBlock, sectionBlock } from '../../../src/pcap/pcapngBlocks.ts';
import type { Finding } from '../../../src/reading/findings/finding.ts';
import { type Summary, summarize } from '../../../src/reading/summary.ts';
import {
  ethernet,
  ipv4,
  type MadeIp,
  type MadeTcp,
  tcp,
  udp,
  words,
} from '../packets/madeFrames.ts';
import { LINK_TYPES, pcapOf } from '../pcap/madeCaptures.ts';

/** A packet of a generated capture: milliseconds after its start, and its frame. */
export type Timed = readonly [at: number, frame: Buffer];

export async function summaryOf(packets: readonly Timed[]): Promise<Summary> {
  return summarize([{ label: 'made', paths: [], stream: Readable.from([pcapOfTimed(packets)]) }]);
}

const START = 1_700_000_000;

export function pcapOfTimed(packets: readonly Timed[]): Buffer {
  return pcapOf({
    nanoseconds: true,
    littleEndian: true,
    linkType: LINK_TYPES.ethernet,
    snapLength: 262_144,
    packets: packets.map(([at, data]) => ({
      at: {
        seconds: START + Math.floor(at / 1000),
        nanoseconds: Math.round((at - Math.floor(at / 1000) * 1000) * 1e6),
      },
      originalLength: data.length,
      data,
    })),
  });
}

/** A pcapng file of several interfaces, its packets in the order of their times. */
export function pcapngOf(points: Readonly<Record<string, readonly Timed[]>>): Buffer {
  const packets = Object.values(points)
    .flatMap((timed, id) => timed.map(([at, frame]) => ({ at, frame, id })))
    .sort((a, b) => a.at - b.at);
  return Buffer.concat([
    sectionBlock({ application: 'test' }),
    ...Object.keys(points).map((name) =>
      interfaceBlock({ linkType: 1, snapLength: 0, resolution: 9, comments: [], name }),
    ),
    ...packets.map(({ at, frame, id }) => packetBlock(id, at, frame)),
  ]);
}

/** An enhanced packet block, with times in nanoseconds (pcapng draft, 4.3). */
export function packetBlock(id: number, at: number, frame: Buffer): Buffer {
  const padding = Buffer.alloc(-frame.length & 3);
  const length = 32 + frame.length + padding.length;
  const head = Buffer.alloc(28);
  for (const [index, value] of [6, length, id, 0, 0, frame.length, frame.length].entries())
    head.writeUInt32LE(value, index * 4);
  const time = BigInt(START) * 1_000_000_000n + BigInt(Math.round(at * 1e6));
  head.writeUInt32LE(Number(time >> 32n), 12);
  head.writeUInt32LE(Number(time & 0xffff_ffffn), 16);
  const end = Buffer.alloc(4);
  end.writeUInt32LE(length);
  return Buffer.concat([head, frame, padding, end]);
}

export async function findingsOf(packets: readonly Timed[]): Promise<readonly Finding[]> {
  return (await summaryOf(packets)).findings;
}

const CLIENT = '10.244.1.7';
const SERVER = '10.96.0.20';
let ipId = 1;

export interface Segment extends MadeTcp {
  readonly data?: string | Buffer;
  readonly ip?: MadeIp;
}

/** A segment from the client to the server, or back. */
export function segment(
  direction: 'up' | 'down',
  { data = '', ip = {}, ...header }: Segment,
): Buffer {
  ipId += 1;
  const isUp = direction === 'up';
  return ethernet(
    0x0800,
    ipv4(
      { from: isUp ? CLIENT : SERVER, to: isUp ? SERVER : CLIENT, id: ipId, ...ip },
      tcp({ from: isUp ? 40_000 : 80, to: isUp ? 80 : 40_000, ...header }, data),
    ),
  );
}

/** SYN at `at`, SYN-ACK and ACK after 1 ms each; both ends then stand at 1. */
export function handshake(at: number): Timed[] {
  return [
    [at, segment('up', { seq: 0, flags: 0x02 })],
    [at + 1, segment('down', { seq: 0, ack: 1, flags: 0x12 })],
    [at + 2, segment('up', { seq: 1, ack: 1 })],
  ];
}

export interface Lookup {
  readonly id: number;
  readonly name: string;
  readonly type?: number;
  readonly port?: number;
  readonly client?: string;
  /** For an answer: its response code. */
  readonly code?: number;
  readonly truncated?: boolean;
  readonly answers?: number;
}

const RESOLVER = '10.96.0.10';

export function question({ id, name, type = 1, port = 50_000, client = CLIENT }: Lookup): Buffer {
  return datagram(client, RESOLVER, [port, 53], message(id, 0x0100, name, type));
}

export function answer(lookup: Lookup): Buffer {
  const {
    id,
    name,
    type = 1,
    port = 50_000,
    client = CLIENT,
    code = 0,
    truncated = false,
  } = lookup;
  const flags = 0x8180 | code | (truncated ? 0x0200 : 0);
  const record = Buffer.concat([words(0xc00c, type, 1, 0, 30, 4), Buffer.from([10, 0, 0, 1])]);
  const records = lookup.answers ?? (code === 0 && type === 1 ? 1 : 0);
  const body = message(id, flags, name, type, records);
  const whole = Buffer.concat([body, ...Array.from({ length: records }, () => record)]);
  return datagram(RESOLVER, client, [53, port], whole);
}

function message(id: number, flags: number, name: string, type: number, answers = 0): Buffer {
  const labels = name.split('.').map((label) => Buffer.from([label.length, ...Buffer.from(label)]));
  return Buffer.concat([
    words(id, flags, 1, answers, 0, 0),
    ...labels,
    Buffer.alloc(1),
    words(type, 1),
  ]);
}

function datagram(
  from: string,
  to: string,
  ports: readonly [number, number],
  data: Buffer,
): Buffer {
  ipId += 1;
  return ethernet(0x0800, ipv4({ from, to, protocol: 17, id: ipId }, udp(ports, data)));
}
