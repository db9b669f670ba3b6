import { dnsTypeName, responseCodeName } from '../packets/dns.ts';
import { linkTypeName } from '../packets/link.ts';
import { alertName, tlsVersionName } from '../packets/tls.ts';
import { type Conversation, type Endpoint, protocolName } from './conversation.ts';
import type { Names } from './conversationNames.ts';
import type { DnsFacts } from './dns/dnsFacts.ts';
import type { HttpFacts } from './http/httpFacts.ts';
import { comparisonFacts, connectionNumbers } from './points/comparisonJson.ts';
import type { Summary } from './summary.ts';
import type { TcpConnection } from './tcp/tcpConnection.ts';
import type { TcpSide } from './tcp/tcpSide.ts';
import { inMilliseconds, timeText } from './timeText.ts';
import type { TlsFacts } from './tls/tlsFacts.ts';

/** The summary in the format of docs/summary.md. Unknown fields are omitted. */
export function summaryFacts(summary: Summary) {
  const { summarizer, findings, broken, others } = summary;
  const { interfaces, baseSeconds } = summarizer;
  const time = (at: number) => timeText(baseSeconds, at);
  const hasTime = summarizer.end >= summarizer.start;
  const sum = (of: (on: (typeof interfaces)[number]) => number) =>
    interfaces.reduce((total, on) => total + of(on), 0);
  const connections = connectionNumbers(summary.comparisons);
  const gaps = sum((on) => on.gaps);
  const isDropKnown = interfaces.some(({ dropped }) => dropped !== undefined);
  return {
    packets: summarizer.packets,
    bytes: summarizer.bytes,
    ...(hasTime && { start: time(summarizer.start), end: time(summarizer.end) }),
    linkTypes: [...new Set(interfaces.map(({ linkType }) => linkTypeName(linkType)))],
    interfaces: interfaces.map((on) => ({
      name: on.label,
      linkType: linkTypeName(on.linkType),
      packets: on.packets,
      bytes: on.bytes,
      ...(on.dropped !== undefined && { dropped: on.dropped }),
      ...(on.gaps > 0 && { gaps: on.gaps }),
    })),
    conversations: summary.conversations.map((conversation) => {
      const joined = connections.get(conversation.serial);
      return {
        ...conversationFacts(conversation, summary),
        ...(joined !== undefined && { joined }),
      };
    }),
    ...(others.conversations > 0 && { otherConversations: others }),
    findings,
    ...(summary.comparisons.length > 0 && {
      comparisons: summary.comparisons.map(comparisonFacts),
    }),
    capture: {
      ...(isDropKnown && { dropped: sum(({ dropped }) => dropped ?? 0) }),
      ...(gaps > 0 && { gaps }),
      truncatedPackets: sum(({ truncated }) => truncated),
      snapshotLength: Math.max(0, ...interfaces.map(({ snapLength }) => snapLength)),
      duplicates: sum(({ copies }) => copies),
      undecodedPackets: sum(({ undecoded }) => undecoded),
      ...(broken.length > 0 && { damaged: broken }),
    },
  };
}

function conversationFacts(conversation: Conversation, { summarizer, names }: Summary) {
  const { tcp, tls, dns, http, tunnel, carries, copies, fragments } = conversation;
  const time = (at: number) => timeText(summarizer.baseSeconds, at);
  return {
    protocol: protocolName(conversation.protocol),
    client: endpointFacts(conversation.client, names),
    server: endpointFacts(conversation.server, names),
    interface: summarizer.interfaces[conversation.interfaceIndex]?.label ?? '',
    start: time(conversation.start),
    end: time(conversation.end),
    clientPackets: conversation.clientPackets,
    serverPackets: conversation.serverPackets,
    clientBytes: conversation.clientBytes,
    serverBytes: conversation.serverBytes,
    state: conversation.state,
    ...(copies > 0 && { copies }),
    ...(fragments > 0 && { fragments }),
    ...(tcp && { tcp: tcpFacts(tcp) }),
    ...(tls && { tls: tlsFacts(tls) }),
    ...(dns && { dns: dnsFacts(dns) }),
    ...(http && { http: httpFacts(http) }),
    ...(tunnel !== 'none' && {
      tunnel: {
        type: tunnel,
        ...(conversation.tunnelId >= 0 && { id: conversation.tunnelId }),
      },
    }),
    ...(carries !== 'none' && { carries }),
  };
}

function endpointFacts({ address, port }: Endpoint, names: Names) {
  const name = names.get(address);
  return { address, port, ...(name !== undefined && { name }) };
}

function tcpFacts(tcp: TcpConnection) {
  const both = (of: (side: TcpSide) => number) => of(tcp.client) + of(tcp.server);
  const hasHandshake = tcp.isEstablished && tcp.roundTripTime > 0;
  return {
    retransmissions: both((side) => side.retransmissions),
    fastRetransmissions: both((side) => side.fastRetransmissions),
    spuriousRetransmissions: both((side) => side.spuriousRetransmissions),
    outOfOrder: both((side) => side.outOfOrder),
    duplicateAcks: both((side) => side.duplicateAckPackets),
    lostSegments: both((side) => side.lostSegments),
    zeroWindows: both((side) => side.zeroWindows),
    resets: both((side) => side.resets),
    ...(hasHandshake && { handshakeMs: inMilliseconds(tcp.roundTripTime) }),
  };
}

function tlsFacts(tls: TlsFacts) {
  const { certificate, alerts } = tls;
  const date = (value: number) => (Number.isNaN(value) ? undefined : new Date(value).toISOString());
  return {
    ...(tls.version !== 0 && { version: tlsVersionName(tls.version) }),
    ...(tls.offeredVersions.length > 0 && {
      offeredVersions: tls.offeredVersions.map(tlsVersionName),
    }),
    ...(tls.serverName !== undefined && { serverName: tls.serverName }),
    ...(tls.alpn !== undefined && { alpn: tls.alpn }),
    ...(tls.offeredAlpn.length > 0 && { offeredAlpn: tls.offeredAlpn }),
    ...(tls.isEncryptedHello && { encryptedClientHello: true }),
    ...(tls.isIncomplete && { incomplete: true }),
    ...(certificate && {
      certificate: {
        subject: certificate.subject,
        issuer: certificate.issuer,
        notBefore: date(certificate.notBefore),
        notAfter: date(certificate.notAfter),
      },
    }),
    alerts: alerts.map(({ byClient, level, description }) => ({
      from: byClient ? 'client' : 'server',
      level: level === 2 ? 'fatal' : 'warning',
      number: description,
      description: alertName(description),
    })),
  };
}

function dnsFacts(dns: DnsFacts) {
  const codes = [...dns.responseCodes].map(([code, count]) => [responseCodeName(code), count]);
  return {
    questions: dns.questions,
    answers: dns.answers,
    ...(dns.unsolicited > 0 && { unasked: dns.unsolicited }),
    ...(dns.malformed > 0 && { malformed: dns.malformed }),
    ...(dns.truncated > 0 && { truncated: dns.truncated }),
    responseCodes: Object.fromEntries(codes),
    ...(dns.longestLatency > 0 && { longestMs: inMilliseconds(dns.longestLatency) }),
    lookups: dns.lookups.map((lookup) => ({
      name: lookup.name,
      type: dnsTypeName(lookup.type),
      ...(lookup.responses > 0 && {
        responseCode: responseCodeName(lookup.responseCode),
        ...(lookup.packet > 0 && { latencyMs: inMilliseconds(lookup.responseTime - lookup.time) }),
        addresses: lookup.addresses,
      }),
      ...(lookup.responses > 1 && { responses: lookup.responses }),
      ...(lookup.repeats > 0 && { repeats: lookup.repeats }),
      ...(lookup.isTruncated && { truncated: true }),
    })),
  };
}

function httpFacts(http: HttpFacts) {
  return {
    version: http.version,
    requests: http.requests,
    responses: http.responses,
    ...(http.isGrpc && { grpc: true }),
    statuses: Object.fromEntries(http.statuses),
    ...(http.slowest > 0 && { slowestMs: inMilliseconds(http.slowest) }),
    exchanges: http.exchanges.map((exchange) => ({
      method: exchange.method,
      ...(exchange.host !== undefined && { host: exchange.host }),
      target: exchange.target,
      ...(exchange.status > 0 && { status: exchange.status }),
      ...(exchange.requestTime >= 0 &&
        exchange.responseTime >= 0 && {
          latencyMs: inMilliseconds(exchange.responseTime - exchange.requestTime),
        }),
    })),
  };
}
