import { describe, expect, it } from 'vitest';
import { addressText } from '../../../src/packets/address.ts';
import { readArp } from '../../../src/packets/arp.ts';
import { decodeFrame, linkTypeName } from '../../../src/packets/link.ts';
import { NETWORK, Packet } from '../../../src/packets/packet.ts';
import { maximumSegmentSize, windowScale } from '../../../src/packets/tcpOptions.ts';
import { enterTunnel } from '../../../src/packets/tunnels.ts';
import { ethernet, geneve, icmp, ipv4, ipv6, tcp, udp, vxlan, words } from './madeFrames.ts';

const packet = new Packet();

/** Decodes a frame within a larger buffer. */
function decode(frame: Buffer, linkType = 1, length = frame.length): Packet {
  const around = Buffer.concat([Buffer.alloc(7, 0x45), frame, Buffer.alloc(80, 0x45)]);
  decodeFrame(packet, around, 7, 7 + frame.length, length, linkType);
  return packet;
}

function ends(): string {
  const { bytes, sourceAt, destinationAt, addressBytes, sourcePort, destinationPort } = packet;
  const source = addressText(bytes, sourceAt, addressBytes);
  return `${source} ${sourcePort} > ${addressText(bytes, destinationAt, addressBytes)} ${destinationPort}`;
}

function payload(): string {
  return Buffer.from(packet.bytes.subarray(packet.payloadAt, packet.payloadEnd)).toString();
}

const V4 = ipv4({}, tcp({}, 'hello'));
const V6 = ipv6({}, tcp({}, 'hello'));
const V4_ENDS = '10.244.1.7 40000 > 10.244.2.9 80';
const V6_ENDS = 'fd00::1:7 40000 > fd00::2:9 80';
const PPPOE = Buffer.concat([words(0x1100, 7, V4.length + 2, 0x0021), V4]);
const NFLOG = Buffer.concat([
  Buffer.from([2, 0, 0, 0, 8, 0, 1, 0, 1, 2, 3, 4, V4.length + 4, 0, 9, 0]),
  V4,
]);

describe('link layers', () => {
  it.each([
    ['Ethernet', 1, ethernet(0x0800, V4), V4_ENDS],
    ['Ethernet, IPv6', 1, ethernet(0x86dd, V6), V6_ENDS],
    ['VLAN', 1, ethernet(0x8100, words(0x2065, 0x0800), V4), V4_ENDS],
    ['QinQ', 1, ethernet(0x88a8, words(100, 0x8100, 101, 0x0800), V4), V4_ENDS],
    ['PPPoE in QinQ', 1, ethernet(0x88a8, words(100, 0x8100, 101, 0x8864), PPPOE), V4_ENDS],
    ['MPLS', 1, ethernet(0x8847, words(1, 0x0040, 2, 0x0140), V4), V4_ENDS],
    ['SNAP', 1, ethernet(60, words(0xaaaa, 0x0300, 0, 0x0800), V4), V4_ENDS],
    ['RAW', 101, V6, V6_ENDS],
    ['IPV4', 228, V4, V4_ENDS],
    ['IPV6', 229, V6, V6_ENDS],
    ['NULL, little-endian', 0, Buffer.concat([Buffer.from([2, 0, 0, 0]), V4]), V4_ENDS],
    ['NULL, IPv6 on macOS', 0, Buffer.concat([Buffer.from([30, 0, 0, 0]), V6]), V6_ENDS],
    ['LOOP', 108, Buffer.concat([words(0, 2), V4]), V4_ENDS],
    ['SLL', 113, Buffer.concat([words(4, 1, 6), Buffer.alloc(8), words(0x0800), V4]), V4_ENDS],
    ['SLL2', 276, Buffer.concat([words(0x86dd), Buffer.alloc(18), V6]), V6_ENDS],
    ['PPP', 9, Buffer.concat([words(0xff03, 0x0021), V4]), V4_ENDS],
    ['C_HDLC', 104, Buffer.concat([words(0x0f00, 0x0800), V4]), V4_ENDS],
    ['NFLOG', 239, NFLOG, V4_ENDS],
  ])('%s', (_name, linkType, frame, expected) => {
    decode(frame, linkType);
    expect(ends()).toBe(expected);
    expect(payload()).toBe('hello');
    expect(linkTypeName(linkType)).not.toBe(`${linkType}`);
  });

  it('reads the direction and the interface if the link layer has them', () => {
    const sll2 = Buffer.concat([
      words(0x0800, 0),
      words(0, 7, 1),
      Buffer.from([4, 6]),
      Buffer.alloc(8),
    ]);
    const { packetType, deviceIndex } = decode(Buffer.concat([sll2, V4]), 276);
    expect({ packetType, deviceIndex }).toEqual({ packetType: 4, deviceIndex: 7 });
    expect(decode(ethernet(0x8100, words(0x2065, 0x0800), V4)).vlan).toBe(101);
  });

  it("uses libpcap's names of link types, and numbers for others", () => {
    expect([1, 276, 147].map(linkTypeName)).toEqual(['EN10MB', 'LINUX_SLL2', '147']);
  });
});

describe('IP', () => {
  it('uses the lengths in the header, not padding or the captured length', () => {
    decode(Buffer.concat([ethernet(0x0800, V4), Buffer.alloc(15)]));
    expect(packet.payloadLength).toBe(5);
    decode(ethernet(0x0800, V4).subarray(0, 56), 1, 59);
    expect([packet.payloadLength, packet.payloadEnd - packet.payloadAt]).toEqual([5, 2]);
  });

  it('uses the length of the frame for an offloaded segment', () => {
    decode(ethernet(0x0800, ipv4({ length: 0 }, tcp({}, 'offloaded'))));
    expect([packet.offloaded, packet.payloadLength]).toEqual([true, 9]);
    decode(ethernet(0x86dd, ipv6({ length: 0 }, tcp({}, 'offloaded'))));
    expect([packet.offloaded, packet.payloadLength]).toEqual([true, 9]);
    const inner = ethernet(0x0800, ipv4({ length: 0 }, tcp({}, 'offloaded')));
    decode(ethernet(0x0800, ipv4({ protocol: 17, length: 0 }, udp([9, 4789], vxlan(5, inner), 0))));
    expect(enterTunnel(packet)).toBe(true);
    expect([packet.offloaded, packet.payloadLength]).toEqual([true, 9]);
  });

  it('skips the extension headers of IPv6', () => {
    const options = Buffer.from([43, 0, 1, 4, 0, 0, 0, 0]);
    const routing = Buffer.from([60, 0, 0, 0, 0, 0, 0, 0]);
    const destination = Buffer.from([6, 0, 1, 4, 0, 0, 0, 0]);
    decode(ipv6({ protocol: 0 }, options, routing, destination, tcp({}, 'hello')), 101);
    expect([ends(), payload()]).toEqual([V6_ENDS, 'hello']);
  });

  it('decodes ports only in the first fragment', () => {
    decode(ipv4({ protocol: 17, fragment: 0x2000 }, udp([40_000, 53], Buffer.alloc(8))), 101);
    expect([packet.isFragment, packet.hasPorts, packet.fragmentOffset]).toEqual([true, true, 0]);
    decode(ipv4({ protocol: 17, fragment: 0x00b9 }, Buffer.alloc(8)), 101);
    expect([packet.isFragment, packet.hasPorts, packet.fragmentOffset]).toEqual([
      true,
      false,
      1480,
    ]);
    const fragment = Buffer.from([17, 0, 0x05, 0xa9, 0, 0, 0, 9]);
    decode(ipv6({ protocol: 44 }, fragment, Buffer.alloc(8)), 101);
    expect([packet.protocol, packet.moreFragments, packet.fragmentOffset, packet.ipId]).toEqual([
      17,
      true,
      1448,
      9,
    ]);
  });

  it.each([
    ['10.1.2.3', '0a010203'],
    ['::', '00000000000000000000000000000000'],
    ['::1', '00000000000000000000000000000001'],
    ['fd00::1:0:0:7', 'fd000000000000000001000000000007'],
    ['2001:db8:0:1:1:1:1:1', '20010db8000000010001000100010001'],
    ['fe80::', 'fe800000000000000000000000000000'],
    ['::ffff:10.0.0.1', '00000000000000000000ffff0a000001'],
  ])('writes %s as in RFC 5952', (text, hex) => {
    expect(addressText(Buffer.from(hex, 'hex'), 0, hex.length / 2)).toBe(text);
  });
});

describe('transport', () => {
  it('reads the numbers of TCP, and the options of a SYN', () => {
    const options = Buffer.from([2, 4, 0x05, 0xb4, 1, 3, 3, 7]);
    decode(ipv4({}, tcp({ seq: 0xfffffff0, ack: 7, flags: 0x12, window: 512, options })), 101);
    const { sequence, acknowledgment, flags, window } = packet;
    expect([sequence, acknowledgment, flags, window]).toEqual([-16, 7, 0x12, 512]);
    expect([maximumSegmentSize(packet), windowScale(packet)]).toEqual([1460, 7]);
    decode(ipv4({}, tcp({ flags: 2 })), 101);
    expect([maximumSegmentSize(packet), windowScale(packet)]).toEqual([0, -1]);
  });

  it('reads the type and code of ICMP', () => {
    decode(ipv4({ protocol: 1 }, icmp(3, 4, V4)), 101);
    expect([packet.icmpType, packet.icmpCode, packet.payloadLength]).toEqual([3, 4, V4.length]);
  });

  it('reads ARP', () => {
    const arp = Buffer.from('000108000604000102421100000a0a00000a0000000000000a00000b', 'hex');
    expect(decode(ethernet(0x0806, arp)).network).toBe(NETWORK.arp);
    expect(readArp(packet)).toMatchObject({
      operation: 1,
      sender: '10.0.0.10',
      target: '10.0.0.11',
    });
    decode(ethernet(0x0806, arp.subarray(0, 20)));
    expect(readArp(packet)).toBeUndefined();
  });
});

describe('tunnels', () => {
  const inner = ethernet(0x0800, V4);
  const outer = (protocol: number, payload: Buffer) =>
    ethernet(0x0800, ipv4({ from: '172.18.0.2', to: '172.18.0.3', protocol }, payload));
  const gre = (flags: number, type: number, ...rest: readonly Buffer[]) =>
    outer(47, Buffer.concat([words(flags, type), ...rest]));

  it.each([
    ['VXLAN of IANA', outer(17, udp([50_000, 4789], vxlan(100, inner))), 'vxlan', 100],
    ['VXLAN of Linux', outer(17, udp([50_000, 8472], vxlan(1, inner))), 'vxlan', 1],
    ['Geneve', outer(17, udp([50_000, 6081], geneve(70_000, 0x6558, inner, 3))), 'geneve', 70_000],
    ['Geneve without Ethernet', outer(17, udp([1, 6081], geneve(7, 0x0800, V4))), 'geneve', 7],
    ['GRE', gre(0, 0x0800, V4), 'gre', -1],
    ['GRE with all its fields', gre(0xb000, 0x6558, words(0, 0, 0, 9, 0, 1), inner), 'gre', 9],
    ['ERSPAN', gre(0x1000, 0x88be, Buffer.alloc(12), inner), 'gre', -1],
    ['IP in IP', outer(4, V4), 'ipip', -1],
  ] as const)('%s', (_name, frame, tunnel, id) => {
    decode(frame);
    expect(enterTunnel(packet)).toBe(true);
    expect(ends()).toBe(V4_ENDS);
    expect(payload()).toBe('hello');
    expect([packet.tunnel, packet.tunnelId, packet.tunnelDepth]).toEqual([tunnel, id, 1]);
    expect(enterTunnel(packet)).toBe(false);
  });

  it('does not mistake other protocols on those ports for tunnels', () => {
    decode(outer(17, udp([50_000, 8472], Buffer.alloc(60, 0x33))));
    expect(enterTunnel(packet)).toBe(false);
    expect(packet.destinationPort).toBe(8472);
  });

  it('have a limited depth', () => {
    let frame = V4;
    for (let depth = 0; depth < 10; depth++) frame = ipv4({ protocol: 4 }, frame);
    decode(frame, 101);
    let entered = 0;
    while (enterTunnel(packet)) entered += 1;
    expect(entered).toBe(4);
  });
});

it('decodes nothing beyond the captured bytes, wherever a frame is cut', () => {
  const inner = ethernet(
    0x86dd,
    ipv6({ protocol: 0 }, Buffer.from([6, 0, 1, 4, 0, 0, 0, 0]), tcp({})),
  );
  const frame = ethernet(
    0x8100,
    words(5, 0x0800),
    ipv4({ protocol: 17 }, udp([1, 4789], vxlan(1, inner))),
  );
  for (let kept = 0; kept <= frame.length; kept++) {
    decode(frame.subarray(0, kept), 1, frame.length);
    while (enterTunnel(packet));
    expect(packet.tunnelDepth === 1 && packet.hasTransport).toBe(kept === frame.length);
    expect(packet.payloadEnd).toBeLessThanOrEqual(packet.end);
  }
});
