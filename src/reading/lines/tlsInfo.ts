import { u16, u24 } from '../../packets/numbers.ts';
import type { Packet } from '../../packets/packet.ts';
import {
  alertName,
  looksLikeTls,
  readClientHello,
  readServerHello,
  TLS_HANDSHAKE,
  TLS_HANDSHAKE_HEADER_BYTES,
  TLS_RECORD,
  TLS_RECORD_HEADER_BYTES,
  tlsVersionName,
} from '../../packets/tls.ts';
import type { TcpFlow, TlsFlow } from './tcpFlows.ts';

const HANDSHAKES: Readonly<Record<number, string>> = {
  0: 'Hello Request',
  1: 'Client Hello',
  2: 'Server Hello',
  4: 'New Session Ticket',
  8: 'Encrypted Extensions',
  11: 'Certificate',
  12: 'Server Key Exchange',
  13: 'Certificate Request',
  14: 'Server Hello Done',
  15: 'Certificate Verify',
  16: 'Client Key Exchange',
  20: 'Finished',
  22: 'Certificate Status',
};
/** Ports of TLS, for connections whose start is not in the capture. */
const TLS_PORTS: ReadonlySet<number> = new Set([443, 636, 853, 993, 6443, 8443]);
const MAX_RECORD_BYTES = 16_384 + 2_048;

const NOTHING = new Uint8Array(0);

/**
 * Describes the records that end in a segment, as in Wireshark's Info column: "Client Hello", "Application Data".
 * Undefined if none ends in it.
 */
export function tlsInfo(
  packet: Packet,
  tcpFlow: TcpFlow,
  reverseFlow: TcpFlow,
): string | undefined {
  const { payloadLength: length, sequence } = packet;
  let bytes = packet.bytes.subarray(packet.payloadAt, packet.payloadEnd);
  if (!tcpFlow.tls) {
    const isTlsPort = TLS_PORTS.has(packet.sourcePort) || TLS_PORTS.has(packet.destinationPort);
    if (!looksLikeTls(bytes, 0, bytes.length) && !(isTlsPort && isRecord(bytes, 0)))
      return undefined;
    tcpFlow.tls = {
      next: sequence,
      unfinished: '',
      isEncrypted: false,
      recordVersion: 0,
      header: NOTHING,
    };
  }
  const flow = tcpFlow.tls;
  const { header } = flow;
  // The offset of the next record: in this segment, before it, or after it.
  let at = (flow.next - sequence) | 0;
  let before = 0;
  if (at > length) return undefined;
  if (at === -header.length && header.length > 0) {
    before = header.length;
    bytes = Buffer.concat([header, bytes]);
    at = 0;
  } else if (at < 0) {
    // Bytes are missing. Continue at a segment that starts with a record.
    if (!isRecord(bytes, 0)) return undefined;
    at = 0;
    flow.unfinished = '';
  }
  flow.header = NOTHING;
  const names: string[] = [];
  if (flow.unfinished !== '') {
    names.push(flow.unfinished);
    flow.unfinished = '';
  }
  const end = before + length;
  while (at + TLS_RECORD_HEADER_BYTES <= bytes.length) {
    if (!isRecord(bytes, at)) break;
    const name = recordName(bytes, at, tcpFlow, reverseFlow);
    at += TLS_RECORD_HEADER_BYTES + u16(bytes, at + 3);
    if (at > end) {
      flow.unfinished = name;
      break;
    }
    names.push(name);
  }
  // The header of the next record continues in the next segment.
  if (at < end && end - at < TLS_RECORD_HEADER_BYTES) flow.header = Buffer.from(bytes.subarray(at));
  flow.next = (sequence + at - before) | 0;
  return names.length === 0 ? undefined : names.join(', ');
}

/** TLSv1.2 …: the negotiated version, or before the negotiation the version of the record. */
export function tlsProtocol({ tlsVersion, tls }: TcpFlow): string {
  return tlsVersionName(tlsVersion || (tls?.recordVersion ?? 0)).replace(/\.0$| .*/g, '');
}

function isRecord(bytes: Uint8Array, at: number): boolean {
  const type = bytes[at] as number;
  return (
    at + TLS_RECORD_HEADER_BYTES <= bytes.length &&
    type >= TLS_RECORD.changeCipherSpec &&
    type <= TLS_RECORD.data + 1 &&
    bytes[at + 1] === 3 &&
    u16(bytes, at + 3) <= MAX_RECORD_BYTES
  );
}

function recordName(
  bytes: Uint8Array,
  record: number,
  tcpFlow: TcpFlow,
  reverseFlow: TcpFlow,
): string {
  const flow = tcpFlow.tls as TlsFlow;
  flow.recordVersion = u16(bytes, record + 1);
  const body = record + TLS_RECORD_HEADER_BYTES;
  const length = u16(bytes, record + 3);
  const end = Math.min(bytes.length, body + length);
  switch (bytes[record]) {
    case TLS_RECORD.changeCipherSpec:
      flow.isEncrypted = true;
      return 'Change Cipher Spec';
    case TLS_RECORD.alert:
      if (flow.isEncrypted || length !== 2) return 'Encrypted Alert';
      return body + 2 > end
        ? 'Alert'
        : `Alert (Level: ${bytes[body] === 2 ? 'Fatal' : 'Warning'}, Description: ${titleCase(alertName(bytes[body + 1] as number))})`;
    case TLS_RECORD.data:
      return 'Application Data';
    case TLS_RECORD.handshake:
      return flow.isEncrypted
        ? 'Encrypted Handshake Message'
        : handshakeNames(bytes, body, end, tcpFlow, reverseFlow);
    default:
      return 'Heartbeat';
  }
}

function handshakeNames(
  bytes: Uint8Array,
  from: number,
  end: number,
  tcpFlow: TcpFlow,
  reverseFlow: TcpFlow,
): string {
  const names: string[] = [];
  for (let at = from; at + TLS_HANDSHAKE_HEADER_BYTES <= end; ) {
    const type = bytes[at] as number;
    const body = at + TLS_HANDSHAKE_HEADER_BYTES;
    const bodyEnd = body + u24(bytes, at + 1);
    // A message that continues from the previous record, or is encrypted.
    const name = HANDSHAKES[type] ?? 'Encrypted Handshake Message';
    if (!HANDSHAKES[type]) return [...names, name].join(', ');
    const isWhole = bodyEnd <= end;
    if (type === TLS_HANDSHAKE.clientHello && isWhole) {
      const serverName = readClientHello(bytes, body, bodyEnd)?.serverName;
      names.push(serverName === undefined ? name : `${name} (SNI=${serverName})`);
    } else {
      names.push(name);
      const hello =
        type === TLS_HANDSHAKE.serverHello && isWhole
          ? readServerHello(bytes, body, bodyEnd)
          : undefined;
      if (hello) tcpFlow.tlsVersion = reverseFlow.tlsVersion = hello.version;
    }
    at = bodyEnd;
  }
  return names.length === 0 ? 'Handshake' : names.join(', ');
}

function titleCase(text: string): string {
  return text.replace(/\b[a-z]/g, (letter) => letter.toUpperCase());
}
