import {
  answer,
  pcapngOf,
  pcapOfTimed,
  question,
  type Segment,
  segment,
  type Timed,
} from '../unit/reading/support.ts';

/**
 * Short connections, 2 ms apart, of 2,500 clients with ten servers. Every tenth is refused. Because there are many,
 * packets are copies of eight packets with other addresses, ports and numbers.
 */
export function manyConnections(count: number): Buffer {
  const up = (header: Segment) => segment('up', header);
  const down = (header: Segment) => segment('down', header);
  const whole: readonly Timed[] = [
    [0, up({ seq: 0, flags: 0x02 })],
    [0.2, down({ seq: 0, ack: 1, flags: 0x12 })],
    [0.4, up({ seq: 1, ack: 1 })],
    [0.5, up({ seq: 1, ack: 1, flags: 0x18, data: 'q'.repeat(60) })],
    [1, down({ seq: 1, ack: 61, flags: 0x18, data: 'a'.repeat(700) })],
    [1.1, up({ seq: 61, ack: 701, flags: 0x11 })],
    [1.2, down({ seq: 701, ack: 62, flags: 0x11 })],
    [1.3, up({ seq: 62, ack: 702 })],
  ];
  const refused: readonly Timed[] = [
    [0, up({ seq: 0, flags: 0x02 })],
    [0.2, down({ seq: 0, ack: 1, flags: 0x14 })],
  ];
  const pieces = [pcapOfTimed([])];
  const [wholeBytes, refusedBytes] = [whole, refused].map((packets) =>
    pcapOfTimed(packets).subarray(PCAP_HEADER),
  ) as [Buffer, Buffer];
  for (let index = 0; index < count; index++) {
    const bytes = Buffer.from(index % 10 === 9 ? refusedBytes : wholeBytes);
    for (let at = 0; at < bytes.length; at += PACKET_HEADER + bytes.readUInt32LE(at + 8))
      change(bytes, at, index);
    pieces.push(bytes);
  }
  return Buffer.concat(pieces);
}

const PCAP_HEADER = 24;
const PACKET_HEADER = 16;
/** Offsets from an Ethernet frame to the IP identification, the source, the destination, and the ports. */
const [IP_ID, SOURCE, DESTINATION, PORTS] = [18, 26, 30, 34];

/** Makes the packet at `at` belong to connection `index`. */
function change(bytes: Buffer, at: number, index: number): void {
  const nanoseconds = bytes.readUInt32LE(at + 4) + index * 2e6;
  bytes.writeUInt32LE(bytes.readUInt32LE(at) + Math.floor(nanoseconds / 1e9), at);
  bytes.writeUInt32LE(nanoseconds % 1e9, at + 4);
  const frame = at + PACKET_HEADER;
  const isUp = bytes.readUInt16BE(frame + PORTS) === 40_000;
  const [client, server] = isUp ? [0, 1] : [1, 0];
  const addresses = [SOURCE, DESTINATION].map((place) => frame + place);
  bytes.set([10, 244, index % 10, 1 + (Math.floor(index / 10) % 250)], addresses[client]);
  bytes.set([10, 96, 0, 1 + (index % 10)], addresses[server]);
  bytes.writeUInt16BE(1024 + (Math.floor(index / 2_500) % 60_000), frame + PORTS + 2 * client);
  bytes.writeUInt16BE(8000 + (index % 3), frame + PORTS + 2 * server);
  bytes.writeUInt16BE((bytes.readUInt16BE(frame + IP_ID) + index * 8) & 0xffff, frame + IP_ID);
}

/** Two pods. Between 5 s and 6 s, packets from the first pod are lost on the way to the second. */
export function lossyPods(): Buffer {
  const near: Timed[] = [
    [100, question({ id: 1, name: 'cart.shop.svc' })],
    [101, answer({ id: 1, name: 'cart.shop.svc' })],
  ];
  const far: Timed[] = [];
  for (let index = 0; index < 50; index++) {
    const at = 1_000 + index * 200;
    const from = 41_000 + index;
    const isLossy = at >= 5_000 && at < 6_000;
    const both = (time: number, direction: 'up' | 'down', frame: Buffer) => {
      const isUp = direction === 'up';
      near.push([isUp ? time : time + 0.3, frame]);
      far.push([isUp ? time + 0.3 : time, frame]);
    };
    // The initial sequence numbers of each end, which distinguish connections.
    const [client, server] = [index * 100_000 + 7, index * 100_000 + 5_007];
    const up = (seq: number, ack: number, flags: number, data = '') =>
      segment('up', { from, to: 80, seq: client + seq, ack: server + ack, flags, data });
    const down = (seq: number, ack: number, flags: number, data = '') =>
      segment('down', { from: 80, to: from, seq: server + seq, ack: client + ack, flags, data });
    const request = `GET /cart/${index} HTTP/1.1\r\nHost: cart\r\n\r\n`;
    const { length } = request;
    both(at, 'up', segment('up', { from, to: 80, seq: client, flags: 0x02 }));
    both(at + 1, 'down', down(0, 1, 0x12));
    both(at + 2, 'up', up(1, 1, 0x10));
    if (isLossy) near.push([at + 3, up(1, 1, 0x18, request)]);
    const sent = isLossy ? at + 210 : at + 3;
    both(sent, 'up', up(1, 1, 0x18, request));
    both(
      sent + 1,
      'down',
      down(1, 1 + length, 0x18, 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'),
    );
    both(sent + 2, 'up', up(1 + length, 39, 0x11));
    both(sent + 3, 'down', down(39, 2 + length, 0x11));
    both(sent + 4, 'up', up(2 + length, 40, 0x10));
  }
  return pcapngOf({ 'shop/web-7d4f9c': near, 'shop/cart-0': far });
}
