import { addressText, hardwareAddressText } from './address.ts';
import { u16 } from './numbers.ts';
import type { Packet } from './packet.ts';

/** An ARP packet for IPv4 over Ethernet (RFC 826). */
export interface Arp {
  /** 1 request, 2 reply. */
  readonly operation: number;
  readonly senderHardware: string;
  readonly sender: string;
  readonly targetHardware: string;
  readonly target: string;
}

const HARDWARE_ETHERNET = 1;
const PROTOCOL_IPV4 = 0x0800;

/**
 * Reads the ARP packet of a frame whose network is NETWORK.arp; undefined if it is truncated or not for IPv4 over
 * Ethernet.
 */
export function readArp({ bytes, networkAt: at, end }: Packet): Arp | undefined {
  if (at + 28 > end) return undefined;
  if (u16(bytes, at) !== HARDWARE_ETHERNET || u16(bytes, at + 2) !== PROTOCOL_IPV4)
    return undefined;
  if (bytes[at + 4] !== 6 || bytes[at + 5] !== 4) return undefined;
  return {
    operation: u16(bytes, at + 6),
    senderHardware: hardwareAddressText(bytes, at + 8),
    sender: addressText(bytes, at + 14, 4),
    targetHardware: hardwareAddressText(bytes, at + 18),
    target: addressText(bytes, at + 24, 4),
  };
}
