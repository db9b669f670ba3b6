import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { tlsVersionName } from '../../../../src/packets/tls.ts';
import { type Conversation, protocolName } from '../../../../src/reading/conversation.ts';
import { FOLDER } from './captures.ts';
import { Comparison } from './facts.ts';
import type { Ours } from './ours.ts';

/** nDPI's flows of one 5-tuple: it starts a new one after a timeout, or when ports are reused. */
interface Context {
  readonly conversations: readonly Conversation[];
  readonly text: string;
}

const FLOW =
  /^\t\d+\t(TCP|UDP|ICMP|ICMPV6) (\S+) (?:<->|->) (\S+) .*?\[(\d+) pkts\/\d+ bytes (?:<->|->) (\d+) pkts/;
/** Names that nDPI cut or changed: it allows 64 characters, and replaces some. */
const CHANGED = /[?_]|^.{60,}$|[^\x21-\x7e]/;

export function ndpiComparison() {
  return new Comparison<Context>([
    {
      why: 'nDPI cuts long names and replaces characters',
      explains: ({ field, theirs }) => field === 'name' && CHANGED.test(theirs),
    },
    {
      why: 'nDPI takes the name of another message of the conversation',
      explains: ({ field, theirs }, { conversations }) =>
        field === 'name' &&
        conversations.some(({ dns }) =>
          dns?.lookups.some(({ name }) => name.toLowerCase() === theirs),
        ),
    },
    {
      why: 'an inverse query has no name: nDPI takes the address that it asks for',
      explains: ({ field, ours, theirs }, { conversations }) =>
        field === 'name' &&
        ours === '' &&
        /^[\d.]+$/.test(theirs) &&
        conversations.some(({ dns }) => dns !== undefined),
    },
    {
      why: 'no ServerHello in the capture: nDPI takes the version of the record, we the highest offered',
      explains: ({ field }, { conversations }) =>
        field === 'version' && conversations.every(({ tls }) => (tls?.version ?? 0) === 0),
    },
    {
      why: 'the ClientHello breaks its own lengths: not read further',
      explains: (_fact, { conversations }) =>
        conversations.some(({ tls }) => tls?.clientHelloPacket && tls.offeredVersions.length === 0),
    },
    {
      why: 'a connection with copies, of which nDPI reads the first packets only',
      explains: ({ field }, { conversations }) =>
        field === 'version' && conversations.some(({ copies }) => copies > 0),
    },
    {
      why: 'nDPI takes the name from the protocol around TLS (SMTP greeting), which we do not read',
      explains: ({ field, ours }, { text }) =>
        field === 'name' && ours === '' && !/\/(?:TLS|HTTP|DNS)\b/.test(text),
    },
    {
      why: 'an answer without its request: nDPI names the server by a header of the answer',
      explains: ({ field, ours }, { conversations }) =>
        field === 'name' && ours === '' && conversations.some(({ http }) => http?.requests === 0),
    },
  ]);
}

/** Compares flows, and their DNS, TLS and HTTP, with nDPI's report of a capture. */
export function compareNdpi(comparison: Comparison<Context>, capture: string, ours: Ours): void {
  const flows = new Map<string, string[]>();
  for (const line of readFileSync(join(FOLDER, `${capture}.out`), 'utf8').split('\n')) {
    const match = FLOW.exec(line);
    if (!match) continue;
    const ends = [endText(match[2]), endText(match[3])].sort();
    const tuple = [match[1]?.toLowerCase(), ...ends].join(' ');
    flows.set(tuple, [...(flows.get(tuple) ?? []), line]);
  }
  for (const [tuple, lines] of flows) {
    const conversations = ours.conversations.filter((candidate) => tupleOf(candidate) === tuple);
    const text = lines[0] ?? '';
    const add = (field: string, mine: unknown, theirs: unknown) =>
      comparison.add(
        { capture, subject: tuple, field, ours: String(mine), theirs: String(theirs) },
        { conversations, text },
      );
    const counts = lines.map((line) => FLOW.exec(line) ?? []);
    for (const [field, at] of [
      ['there', 4],
      ['back', 5],
    ] as const) {
      const [match] = conversations;
      if (lines.length > 1 || !match || conversations.length > 1 || match.fragments > 0) continue;
      const isTurned =
        endText(counts[0]?.[2]) !== `${match.client.address} ${portOf(match, 'client')}`;
      const isClient = (field === 'there') !== isTurned;
      add(
        `packets ${field}`,
        isClient ? match.clientPackets : match.serverPackets,
        counts[0]?.[at],
      );
    }
    // Of a fragmented datagram, nDPI counts only the first fragment.
    const theirs = counts.reduce((sum, match) => sum + Number(match[4]) + Number(match[5]), 0);
    add(
      'packets',
      conversations.reduce((sum, { packets, laterFragments }) => sum + packets - laterFragments, 0),
      theirs,
    );
    if (isRead(text)) compareNames(text, conversations, add);
  }
}

/** netdebug reads only DNS, TLS and HTTP, not QUIC or DTLS. */
function isRead(text: string): boolean {
  return /\[proto: [\d.]*\/?[\d.]*(?:DNS|TLS|HTTP)/.test(text.replace('VXLAN:', ''));
}

function compareNames(
  text: string,
  conversations: readonly Conversation[],
  add: (field: string, ours: unknown, theirs: unknown) => void,
): void {
  const of = (pattern: RegExp) => pattern.exec(text)?.[1];
  const withTls = conversations.find(({ tls }) => tls !== undefined) ?? conversations[0];
  const name = of(/\[Hostname\/SNI: ([^\]]*)\]/);
  const { tls, http, dns } = withTls ?? {};
  if (name !== undefined) {
    const ours =
      tls?.serverName ??
      http?.exchanges.find(({ host }) => host)?.host ??
      dns?.lookups[0]?.name ??
      '';
    add('name', ours.toLowerCase().replace(/:\d+$/, ''), name.toLowerCase());
  }
  const alpn = of(/\[\(Negotiated\) ALPN: ([^\]]*)\]/);
  if (alpn !== undefined) add('ALPN', tls?.alpn, alpn);
  const offered = of(/\[\(Advertised\) ALPNs: ([^\]]*)\]/);
  if (offered !== undefined) add('offered ALPN', tls?.offeredAlpn.join(';'), offered);
  const certificate = tls?.certificate;
  const subject = of(/\[Subject: ([^\]]*)\]/);
  if (subject !== undefined && certificate) add('subject', certificate.subject, subject);
  const issuer = of(/\[Issuer: ([^\]]*)\]/);
  if (issuer !== undefined && certificate) add('issuer', certificate.issuer, issuer);
  const validity = of(/\[Validity: ([^\]]*)\]/);
  if (validity !== undefined && certificate) {
    const date = (value: number) => new Date(value).toISOString().slice(0, 19).replace('T', ' ');
    add('validity', `${date(certificate.notBefore)} - ${date(certificate.notAfter)}`, validity);
  }
  const version = of(/\]\[(TLSv1(?:\.\d)?|SSLv3)\]/);
  if (version !== undefined) {
    const ours = tlsVersionName(tls?.version || (tls?.offeredVersions[0] ?? 0));
    add('version', ours.replace(/ .*/, '').replace('v1.0', 'v1'), version);
  }
}

function endText(text = ''): string {
  const match = /^\[(.*)\]:(\d+)$/.exec(text) ?? /^([^:]*):(\d+)$/.exec(text);
  const [address, port] = match ? [match[1] ?? '', match[2]] : [text.replace(/^\[|\]$/g, ''), '0'];
  return `${address.includes(':') ? canonical(address) : address} ${port}`;
}

/** nDPI also shortens a single group of zeros. */
function canonical(address: string): string {
  return new URL(`http://[${address}]`).hostname.slice(1, -1);
}

function tupleOf(conversation: Conversation): string {
  const ends = (['client', 'server'] as const).map(
    (end) => `${conversation[end].address} ${portOf(conversation, end)}`,
  );
  return [protocolName(conversation.protocol), ...ends.sort()].join(' ');
}

/** nDPI has no ports for ICMP. */
function portOf(conversation: Conversation, end: 'client' | 'server'): number {
  return protocolName(conversation.protocol).startsWith('icmp') ? 0 : conversation[end].port;
}
