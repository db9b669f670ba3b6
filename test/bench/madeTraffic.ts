import { closeSync, openSync, writeSync } from 'node:fs';
import { ethernet, ipv4, tcp, udp, words } from '../unit/packets/madeFrames.ts';

export interface Traffic {
  readonly packets: number;
  /** Payload bytes of each data segment. */
  readonly payload: number;
  /** The number of connections that are open at the same time, and packets of each. */
  readonly connections: number;
  readonly packetsEach: number;
}

const FILE_HEADER = Buffer.from('d4c3b2a1020004000000000000000000ffff040001000000', 'hex');
const BUFFER_BYTES = 8 * 1024 * 1024;
const HEADERS = { ethernet: 14, ip: 20 };

/** A ClientHello for www.example.com, an HTTP request and a DNS question, which findings depend on. */
const HELLO = Buffer.from(
  `16030100520100004e0303${'00'.repeat(32)}000002c02f01000023${'00000014001200000f7777772e6578616d706c652e636f6d'}${'0010000500030268320000'.slice(0, 22)}`,
  'hex',
);
const REQUEST = Buffer.from('GET /items/1 HTTP/1.1\r\nHost: shop.example.com\r\n\r\n');
const QUESTION = Buffer.concat([
  words(1, 0x0100, 1, 0, 0, 0),
  Buffer.from('\x03www\x07example\x03com\0'),
  words(1, 1),
]);

/**
 * Writes a pcap file of TCP connections that open, carry data in both directions and close, some with TLS or HTTP, and
 * of DNS lookups in between, at intervals of microseconds. Frames are created once and changed in place, because there
 * are ten million of them.
 */
export function writeTraffic(path: string, traffic: Traffic): void {
  const { packets, payload, connections, packetsEach } = traffic;
  const file = openSync(path, 'w');
  const frames = makeFrames(payload);
  const buffer = Buffer.alloc(BUFFER_BYTES);
  let at = FILE_HEADER.copy(buffer);
  const states = Array.from({ length: connections }, (_, index) => ({
    id: index,
    step: -(index % packetsEach),
    up: 0,
    down: 0,
  }));
  let made = connections;
  const put = (
    frame: Buffer,
    id: number,
    fromClient: boolean,
    seq: number,
    ack: number,
    number: number,
  ) => {
    if (at + 16 + frame.length > BUFFER_BYTES) {
      writeSync(file, buffer, 0, at);
      at = 0;
    }
    const time = number * 10;
    buffer.writeUInt32LE(1_700_000_000 + Math.floor(time / 1e6), at);
    buffer.writeUInt32LE(time % 1e6, at + 4);
    buffer.writeUInt32LE(frame.length, at + 8);
    buffer.writeUInt32LE(frame.length, at + 12);
    at += 16;
    frame.copy(buffer, at);
    const ip = at + HEADERS.ethernet;
    const client = fromClient ? ip + 12 : ip + 16;
    buffer.writeUInt16BE(number & 0xffff, ip + 4);
    buffer.writeUInt32BE((0x0a000000 + (id >>> 14)) >>> 0, client);
    buffer.writeUInt32BE(0x0a800001, fromClient ? ip + 16 : ip + 12);
    const transport = ip + HEADERS.ip;
    buffer.writeUInt16BE(32_768 + (id & 0x3fff), fromClient ? transport : transport + 2);
    if (buffer[ip + 9] === 6) {
      buffer.writeUInt32BE(seq >>> 0, transport + 4);
      buffer.writeUInt32BE(ack >>> 0, transport + 8);
    }
    at += frame.length;
  };
  for (let number = 0; number < packets; number++) {
    const state = states[number % connections] as (typeof states)[number];
    const { id } = state;
    const step = state.step < 0 ? 0 : state.step;
    if (id % 16 === 15) {
      put(step % 2 === 0 ? frames.question : frames.answer, id, step % 2 === 0, 0, 0, number);
      state.step = step + 1;
      if (state.step >= 2) Object.assign(state, { id: made++, step: 0 });
      continue;
    }
    if (step === 0) put(frames.syn, id, true, 0, 0, number);
    else if (step === 1) put(frames.synAck, id, false, 0, 1, number);
    else if (step === 2) put(frames.ack, id, true, 1, 1, number);
    else if (step === 3 && id % 4 < 2) {
      const first = id % 4 === 0 ? frames.hello : frames.request;
      put(first, id, true, 1, 1, number);
      state.up = first.length - 54;
    } else if (step === packetsEach - 2)
      put(frames.fin, id, true, 1 + state.up, 1 + state.down, number);
    else if (step >= packetsEach - 1)
      put(frames.finBack, id, false, 1 + state.down, 2 + state.up, number);
    else if (step % 3 === 0) put(frames.ack, id, true, 1 + state.up, 1 + state.down, number);
    else {
      put(frames.data, id, false, 1 + state.down, 1 + state.up, number);
      state.down += payload;
    }
    state.step = step + 1;
    if (state.step >= packetsEach) Object.assign(state, { id: made++, step: 0, up: 0, down: 0 });
  }
  writeSync(file, buffer, 0, at);
  closeSync(file);
}

function makeFrames(payload: number) {
  const segment = (fromClient: boolean, flags: number, data = Buffer.alloc(0)) =>
    ethernet(
      0x0800,
      ipv4({}, tcp({ from: fromClient ? 0 : 443, to: fromClient ? 443 : 0, flags }, data)),
    );
  const datagram = (ports: readonly [number, number], data: Buffer) =>
    ethernet(0x0800, ipv4({ protocol: 17 }, udp(ports, data)));
  const answer = Buffer.from(QUESTION);
  answer.writeUInt16BE(0x8180, 2);
  return {
    syn: segment(true, 0x02),
    synAck: segment(false, 0x12),
    ack: segment(true, 0x10),
    hello: segment(true, 0x18, HELLO),
    request: segment(true, 0x18, REQUEST),
    data: segment(false, 0x18, Buffer.alloc(payload, 0x17)),
    fin: segment(true, 0x11),
    finBack: segment(false, 0x11),
    question: datagram([0, 53], QUESTION),
    answer: datagram([53, 0], answer),
  };
}
