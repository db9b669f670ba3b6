import { dnsTypeName, looksLikeDns, responseCodeName } from '../../packets/dns.ts';
import { readSections } from '../../packets/dnsRecords.ts';
import { u16 } from '../../packets/numbers.ts';
import { type Packet, PROTOCOL } from '../../packets/packet.ts';
import type { PacketDescription } from './packetDescription.ts';

/** Protocols by port (IANA). */
const PROTOCOLS: Readonly<Record<number, string>> = { 53: 'DNS', 5353: 'MDNS', 5355: 'LLMNR' };
const OPCODES: Readonly<Record<number, string>> = {
  0: 'Standard query',
  1: 'Inverse query',
  2: 'Server status request',
  4: 'Zone change notification',
  5: 'Dynamic update',
};
/** Wireshark's texts for the most common codes (RFC 1035, 4.1.1). */
const CODES: Readonly<Record<number, string>> = {
  1: 'Format error',
  2: 'Server failure',
  3: 'No such name',
  4: 'Not implemented',
  5: 'Refused',
};

/** Describes a DNS message as Wireshark does; undefined if the packet is not a DNS message, or only part of one. */
export function describeDns(packet: Packet): PacketDescription | undefined {
  const { sourcePort, destinationPort, bytes, payloadAt, payloadEnd, protocol } = packet;
  const name = PROTOCOLS[destinationPort] ?? PROTOCOLS[sourcePort];
  if (name === undefined) return undefined;
  const isTcp = protocol === PROTOCOL.tcp;
  const start = isTcp ? payloadAt + 2 : payloadAt;
  if (!looksLikeDns(bytes, start, payloadEnd)) return undefined;
  if (isTcp && u16(bytes, payloadAt) !== packet.payloadLength - 2) return undefined;
  const flags = u16(bytes, start + 2);
  const isResponse = (flags & 0x8000) !== 0;
  const opcode = (flags >> 11) & 0x0f;
  const code = flags & 0x0f;
  const { questions, records } = readSections(bytes, start, payloadEnd);
  const id = u16(bytes, start).toString(16).padStart(4, '0');
  const isMulticast = name === 'MDNS';
  const info = [
    `${OPCODES[opcode] ?? 'Unknown operation'}${isResponse ? ' response' : ''} 0x${id}`,
    ...(isResponse && code > 0 ? [CODES[code] ?? responseCodeName(code)] : []),
    ...questions.map((question) => {
      const kind = isMulticast ? `, "${question.isMarked ? 'QU' : 'QM'}" question` : '';
      return `${dnsTypeName(question.type)} ${nameText(question.name)}${kind}`;
    }),
    ...records.map(({ type, isMarked, data }) => {
      const flush = isMulticast && isMarked ? ', cache flush' : '';
      return `${dnsTypeName(type)}${flush}${data === '' ? '' : ` ${nameText(data)}`}`;
    }),
  ].join(' ');
  return { protocol: name, info };
}

function nameText(name: string): string {
  return name === '.' ? '<Root>' : name;
}
