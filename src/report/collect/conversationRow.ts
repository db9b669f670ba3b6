import { dnsTypeName, responseCodeName } from '../../packets/dns.ts';
import { alertName } from '../../packets/tls.ts';
import { type Conversation, type Endpoint, protocolName } from '../../reading/conversation.ts';
import type { PacketLog } from './packetLog.ts';

/** What a report keeps of a finished conversation. Times are in nanoseconds. */
export interface ConversationRow {
  readonly serial: number;
  readonly protocol: string;
  readonly interfaceIndex: number;
  readonly client: Endpoint;
  readonly server: Endpoint;
  readonly start: number;
  readonly end: number;
  readonly clientPackets: number;
  readonly serverPackets: number;
  readonly clientBytes: number;
  readonly serverBytes: number;
  readonly state: string;
  readonly what: string;
  /** Retransmitted segments, and resets. */
  readonly repeated: number;
  readonly resets: number;
  /** Times of failures above the packet level: DNS, TLS, HTTP, connections without an answer. */
  readonly failures: readonly number[];
  /** Packets that another capture point should have seen but did not. */
  lost: number;
  readonly log: PacketLog | undefined;
  /** What packets carry, by packet number: `ClientHello`, `GET /cart`. */
  readonly labels: ReadonlyMap<number, string>;
  /** The first sequence number of each direction; shown sequence numbers are relative to it. */
  readonly clientBase: number;
  readonly serverBase: number;
}

/** How many failures of one conversation are placed in time. Reading keeps about as many in detail. */
const MAX_FAILURES = 50;

export function rowOf(conversation: Conversation, log: PacketLog | undefined): ConversationRow {
  const { tcp, serial, interfaceIndex, client, server, start, end, state } = conversation;
  return {
    serial,
    protocol: protocolName(conversation.protocol),
    interfaceIndex,
    client,
    server,
    start,
    end,
    clientPackets: conversation.clientPackets,
    serverPackets: conversation.serverPackets,
    clientBytes: conversation.clientBytes,
    serverBytes: conversation.serverBytes,
    state,
    what: whatOf(conversation),
    repeated: tcp
      ? [tcp.client, tcp.server].reduce(
          (sum, side) =>
            sum + side.retransmissions + side.fastRetransmissions + side.spuriousRetransmissions,
          0,
        )
      : 0,
    resets: tcp ? tcp.client.resets + tcp.server.resets : 0,
    failures: failuresOf(conversation).slice(0, MAX_FAILURES),
    lost: 0,
    log,
    labels: labelsOf(conversation),
    clientBase: tcp?.client.baseSequence ?? 0,
    serverBase: tcp?.server.baseSequence ?? 0,
  };
}

function whatOf({ tls, http, dns, carries, tunnel }: Conversation): string {
  const tunnelText = tunnel === 'none' ? '' : ` in ${tunnel}`;
  if (carries !== 'none') return `${carries} tunnel`;
  if (tls) return `TLS ${tls.serverName ?? ''}`.trim() + tunnelText;
  if (http) {
    const [first] = http.exchanges;
    const request = first ? `${first.method} ${first.host ?? ''}${first.target}` : '';
    return `${http.isGrpc ? 'gRPC' : 'HTTP'} ${request}`.trim() + tunnelText;
  }
  if (dns) return `DNS ${dns.lookups[0]?.name ?? ''}`.trim() + tunnelText;
  return tunnelText.trim();
}

/** Multicast DNS, LLMNR and NetBIOS: queries to all hosts, which may stay unanswered. */
const MULTICAST_PORTS: ReadonlySet<number> = new Set([137, 5353, 5355]);
/** NXDOMAIN is a normal answer: search paths cause many of them. */
const NO_ERROR: ReadonlySet<number> = new Set([0, 3]);

/** Times of failures that concern a request or a connection, not a single packet. */
function failuresOf(conversation: Conversation): number[] {
  const { tls, http, dns, tcp, state, start, server } = conversation;
  const failures: number[] = [];
  if (tcp && (state === 'S0' || state === 'REJ')) failures.push(start);
  for (const { level, time } of tls?.alerts ?? []) if (level === 2) failures.push(time);
  for (const { status, responseTime } of http?.exchanges ?? [])
    if (status >= 500) failures.push(responseTime);
  const isMulticastDns = MULTICAST_PORTS.has(server.port);
  for (const { responses, responseCode, responseTime, time } of dns?.lookups ?? []) {
    if (responses === 0) {
      if (!isMulticastDns) failures.push(time);
    } else if (!NO_ERROR.has(responseCode)) failures.push(responseTime);
  }
  return failures;
}

const NO_LABELS: ReadonlyMap<number, string> = new Map();

/** What packets carry, by packet number. */
function labelsOf({ tls, http, dns }: Conversation): ReadonlyMap<number, string> {
  if (!tls && !http && !dns) return NO_LABELS;
  const labels = new Map<number, string>();
  const add = (packet: number, label: string) => {
    if (packet > 0 && !labels.has(packet)) labels.set(packet, label);
  };
  if (tls) {
    add(tls.clientHelloPacket, `ClientHello ${tls.serverName ?? ''}`.trim());
    add(tls.serverHelloPacket, 'ServerHello');
    for (const { packet, description } of tls.alerts)
      add(packet, `alert ${alertName(description)}`);
  }
  for (const { method, target, status, requestPacket, responsePacket } of http?.exchanges ?? []) {
    add(requestPacket, `${method} ${target}`);
    if (status > 0) add(responsePacket, `status ${status}`);
  }
  for (const lookup of dns?.lookups ?? []) {
    add(lookup.packet, `${dnsTypeName(lookup.type)} ${lookup.name}?`);
    if (lookup.responses > 0)
      add(
        lookup.responsePacket,
        lookup.addresses.length > 0
          ? lookup.addresses.join(', ')
          : responseCodeName(lookup.responseCode),
      );
  }
  return labels;
}
