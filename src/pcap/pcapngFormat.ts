/** Numbers of the pcapng format (IETF draft-ietf-opsawg-pcapng). */

export const BLOCK = {
  section: 0x0a0d0d0a,
  interface: 1,
  /** The older form of `packet`. */
  oldPacket: 2,
  /** A packet without a time or an interface. */
  simplePacket: 3,
  names: 4,
  statistics: 5,
  packet: 6,
} as const;

export const BYTE_ORDER_MAGIC = 0x1a2b3c4d;

/** Type and total length in front, total length again at the end. */
export const BLOCK_HEADER_BYTES = 8;
export const BLOCK_FRAME_BYTES = 12;
/** What stands between a block's header and its options, or its packet. */
export const SECTION_FIELDS_BYTES = 16;
export const STATISTICS_FIELDS_BYTES = 12;
export const INTERFACE_FIELDS_BYTES = 8;
export const PACKET_FIELDS_BYTES = 20;

/** What stands in front of each record of a names block; its types. */
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

/** if_filter begins with a byte that says what follows: 0 for the text of an expression. */
export const FILTER_IS_TEXT = 0;

/** Everything in a block is aligned to words of four bytes. */
export function padded(length: number): number {
  return (length + 3) & ~3;
}
