import { expect, it } from 'vitest';
import { parseClientPacket } from '../../../../src/capture/live/clientPacket.ts';
import { FilesForTest, fieldsOf } from '../../pcap/wireshark.ts';

interface Packet {
  readonly version?: 4 | 6;
  readonly protocol?: 'tcp' | 'udp' | 'icmp';
  readonly ports?: readonly [from: number, to: number];
  /** TCP: 0x02 SYN, 0x12 SYN and ACK, 0x18 data. */
  readonly flags?: number;
  readonly fragment?: number;
  /** Words of options in an IPv4 header. */
  readonly options?: number;
}

const PROTOCOLS = { tcp: 6, udp: 17, icmp: 1 };

/** From 10.244.1.7 to 10.244.2.9, or from fd00::1:7 to fd00::2:9. */
function ipPacket(packet: Packet): Buffer {
  const { version = 4, protocol = 'tcp', ports = [40_000, 80], flags = 0x18 } = packet;
  const { fragment = 0, options = 0 } = packet;
  const segment = Buffer.alloc(protocol === 'tcp' ? 20 : 8);
  if (protocol !== 'icmp') {
    segment.writeUInt16BE(ports[0], 0);
    segment.writeUInt16BE(ports[1], 2);
    segment.writeUInt16BE(segment.length, 4);
  }
  if (protocol === 'tcp') segment.writeUInt16BE(0x5000 | flags, 12);
  if (version === 6) {
    const header = Buffer.alloc(40);
    header[0] = 0x60;
    header.writeUInt16BE(segment.length, 4);
    header[6] = PROTOCOLS[protocol];
    header[7] = 64;
    header.write('fd000000000000000000000000010007', 8, 'hex');
    header.write('fd000000000000000000000000020009', 24, 'hex');
    return Buffer.concat([header, segment]);
  }
  const header = Buffer.alloc(20 + 4 * options, 1);
  header.fill(0, 0, 20);
  header[0] = 0x45 + options;
  header.writeUInt16BE(header.length + segment.length, 2);
  header.writeUInt16BE(fragment, 6);
  header[8] = 64;
  header[9] = PROTOCOLS[protocol];
  header.set([10, 244, 1, 7, 10, 244, 2, 9], 12);
  return Buffer.concat([header, segment]);
}

/** What each link type puts before the packet (tcpdump.org/linktypes.html). */
const LINKS: readonly (readonly [linkType: number, before: (type: number) => Buffer])[] = [
  [1, (type) => Buffer.concat([Buffer.alloc(12, 2), word(type)])],
  [101, () => Buffer.alloc(0)],
  [113, (type) => Buffer.concat([word(0), word(1), word(6), Buffer.alloc(8), word(type)])],
  [276, (type) => Buffer.concat([word(type), word(0), Buffer.alloc(4), word(1), Buffer.alloc(10)])],
];

function word(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff]);
}

/** The packet somewhere in a larger buffer, as a cursor stands on it. */
function callIn(packet: Buffer, linkType: number, kept = packet.length) {
  const around = Buffer.concat([Buffer.alloc(5, 0x45), packet, Buffer.alloc(60, 0x45)]);
  return parseClientPacket(around, 5, 5 + kept, linkType);
}

const V4 = { from: '10.244.1.7', to: '10.244.2.9' };
const V6 = { from: 'fd00::1:7', to: 'fd00::2:9' };

it.each([
  ['a connection is opened', { flags: 0x02, ports: [1023, 40_000] }, V4],
  ['with ECN, too', { flags: 0xc2, ports: [1023, 40_000] }, V4],
  ['it is accepted', { flags: 0x12, ports: [80, 40_000] }, undefined],
  ['data of a caller', {}, V4],
  ['data of a server', { ports: [80, 40_000] }, undefined],
  ['both ports are high', { ports: [40_000, 50_000] }, undefined],
  ['a datagram of a caller', { protocol: 'udp', ports: [40_000, 53] }, V4],
  ['a datagram between servers', { protocol: 'udp', ports: [53, 53] }, undefined],
  ['a ping', { protocol: 'icmp' }, undefined],
  ['the first fragment', { fragment: 0x2000 }, V4],
  ['a later fragment', { fragment: 0x2010 }, undefined],
  ['a header with options', { options: 3 }, V4],
  ['IPv6', { version: 6 }, V6],
] as const)('%s', (_what, packet, call) => {
  const ip = ipPacket(packet);
  for (const [linkType, before] of LINKS) {
    const type = 'version' in packet ? 0x86dd : 0x0800;
    const whole = Buffer.concat([before(type), ip]);
    expect(callIn(whole, linkType), `link type ${linkType}`).toEqual(call);
  }
});

it('agrees with tshark', () => {
  using files = new FilesForTest();
  for (const [linkType, before] of LINKS) {
    const packet = Buffer.concat([before(0x0800), ipPacket({ flags: 0x02, options: 2 })]);
    const file = Buffer.alloc(40);
    file.writeUInt32LE(0xa1b2c3d4, 0);
    file.writeUInt16LE(2, 4);
    file.writeUInt16LE(4, 6);
    file.writeUInt32LE(65_535, 16);
    file.writeUInt32LE(linkType, 20);
    file.writeUInt32LE(packet.length, 32);
    file.writeUInt32LE(packet.length, 36);
    const path = files.write(`${linkType}.pcap`, Buffer.concat([file, packet]));
    const [line] = fieldsOf(path, 'ip.src', 'ip.dst', 'tcp.dstport');
    const call = callIn(packet, linkType);
    expect(line).toBe(`${call?.from}\t${call?.to}\t80`);
  }
});

it('skips VLAN tags', () => {
  const tags = Buffer.from('88a8006481000065', 'hex');
  const frame = Buffer.concat([Buffer.alloc(12), tags, word(0x0800), ipPacket({})]);
  expect(callIn(frame, 1)).toEqual(V4);
});

it('finds nothing if the headers are cut off or the link type is unknown', () => {
  for (const [linkType, before] of LINKS) {
    const packet = Buffer.concat([before(0x0800), ipPacket({})]);
    const needed = packet.length - 16;
    for (let kept = 0; kept < packet.length; kept += 1)
      expect(callIn(packet, linkType, kept) !== undefined).toBe(kept >= needed);
  }
  expect(callIn(ipPacket({}), 147)).toBeUndefined();
  expect(callIn(Buffer.concat([Buffer.alloc(12), word(0x0806), ipPacket({})]), 1)).toBeUndefined();
});
