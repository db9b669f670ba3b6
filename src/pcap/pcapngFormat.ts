/** Numbers of the pcapng format (IETF draft-ietf-opsawg-pcapng). */

export const BLOCK = {
  section: 0x0a0d0d0a,
  interface: 1,
  /** The older form of `packet`. */
  oldPacket: 2,
  /** A packet without a time and an interface. */
  simplePacket: 3,
  names: 4,
  statistics: 5,
  packet: 6,
} as const;

export const BYTE_ORDER_MAGIC = 0x1a2b3c4d;

/** The type and the total length come first, and the total length again at the end. */
export const BLOCK_HEADER_BYTES = 8;
export const BLOCK_FRAME_BYTES = 12;
/** The fixed fields between the header of a block and its options or packet. */
export const SECTION_FIELDS_BYTES = 16;
export const STATISTICS_FIELDS_BYTES = 12;
export const INTERFACE_FIELDS_BYTES = 8;
export const PACKET_FIELDS_BYTES = 20;

/** The header of each record in a names block. */
export const NAME_HEADER_BYTES = 4;
export const NAME_RECORD = { end: 0, ipv4: 1, ipv6: 2 } as const;

export const OPTION = {
  end: 0,
  comment: 1,
  sectionHardware: 2,
  sectionOs: 3,
  sectionApplication: 4,
  interfaceName: 2,
  interfaceDescription: 3,
  interfaceResolution: 9,
  interfaceFilter: 11,
  interfaceOs: 12,
  interfaceTimeOffset: 14,
  packetDropCount: 4,
  statisticsStart: 2,
  statisticsEnd: 3,
  statisticsReceived: 4,
  statisticsInterfaceDrop: 5,
  statisticsFilterAccept: 6,
  statisticsOsDrop: 7,
  statisticsDelivered: 8,
} as const;

/** The first byte of if_filter is the format of what follows: 0 for the text of an expression. */
export const FILTER_IS_TEXT = 0;

/** Everything in a block is aligned to 32-bit words. */
export function padTo4(length: number): number {
  return (length + 3) & ~3;
}
