import type { Conversation } from '../../../../src/reading/conversation.ts';
import { Comparison } from './facts.ts';
import type { Ours } from './ours.ts';
import { type TsharkPacket, tsharkOutput } from './tsharkPackets.ts';

interface Context {
  readonly conversations: readonly Conversation[];
}

export function tsharkFactsComparison() {
  return new Comparison<Context>([
    {
      why: 'the ClientHello breaks its own lengths: not read further',
      explains: (_fact, { conversations }) =>
        conversations.some(({ tls }) => tls?.clientHelloPacket && tls.offeredVersions.length === 0),
    },
    {
      why: 'spaces in a request’s target: Wireshark takes it up to the first one',
      explains: ({ field, ours, theirs }) =>
        field === 'http target' && ours.includes(' ') && ours.split(' ')[0] === theirs,
    },
    {
      why: 'no target in the request: Wireshark takes the version for it',
      explains: ({ field, ours, theirs }) =>
        field === 'http target' && ours === '' && theirs.startsWith('HTTP/'),
    },
  ]);
}

/** Compares DNS, TLS and HTTP with tshark's fields. */
export async function compareTsharkFacts(
  comparison: Comparison<Context>,
  capture: string,
  ours: Ours,
): Promise<void> {
  const streams = new Map<string, Stream>();
  for (const row of (await tsharkOutput(capture)).packets.filter(isMessage)) {
    const key = tupleOf(row);
    if (key === undefined) continue;
    const stream = streams.get(key) ?? new Stream();
    streams.set(key, stream);
    stream.add(row);
  }
  for (const [tuple, stream] of streams) {
    const conversations = ours.conversations.filter(
      (candidate) => tupleOfOurs(candidate) === tuple,
    );
    const add = (subject: string, field: string, mine: unknown, theirs: unknown) =>
      comparison.add(
        {
          capture,
          subject: `${tuple} ${subject}`,
          field,
          ours: String(mine),
          theirs: String(theirs),
        },
        { conversations },
      );
    stream.compare(conversations, add);
  }
}

type Add = (subject: string, field: string, ours: unknown, theirs: unknown) => void;
type Field = Parameters<TsharkPacket['get']>[0];

const firstValue = (row: TsharkPacket, field: Field) => row.get(field)?.[0];

/** A message of DNS, TLS or HTTP that can be read without keys. */
function isMessage(row: TsharkPacket): boolean {
  const handshake = row.get('tls.handshake.type') ?? [];
  const isWanted =
    row.has('dns') ||
    handshake.includes('1') ||
    handshake.includes('2') ||
    row.has('http.request') ||
    row.has('http.response');
  return isWanted && !row.has('quic') && !row.has('dtls');
}

/** tshark's values for one 5-tuple. */
class Stream {
  readonly #dns: TsharkPacket[] = [];
  readonly #hellos: TsharkPacket[] = [];
  readonly #requests: { method: string; uri: string; host: string | undefined }[] = [];
  readonly #statuses: string[] = [];

  add(row: TsharkPacket): void {
    if (row.has('dns.id')) this.#dns.push(row);
    if (row.get('tls.handshake.type')?.some((type) => type === '1' || type === '2'))
      this.#hellos.push(row);
    const methods = row.get('http.request.method') ?? [];
    for (const [index, method] of methods.entries())
      this.#requests.push({
        method,
        uri: row.get('http.request.uri')?.[index] ?? '',
        host: methods.length === 1 ? firstValue(row, 'http.host') : undefined,
      });
    for (const code of row.get('http.response.code') ?? []) this.#statuses.push(code);
  }

  compare(conversations: readonly Conversation[], add: Add): void {
    this.#compareDns(conversations, add);
    this.#compareTls(conversations, add);
    this.#compareHttp(conversations, add);
  }

  #compareDns(conversations: readonly Conversation[], add: Add): void {
    const lookups = conversations.flatMap(({ dns }) => dns?.lookups ?? []);
    // netdebug keeps only the first lookups of a long conversation.
    for (const row of lookups.length < 20 ? this.#dns : []) {
      if (row.get('dns.id')?.length !== 1) continue;
      const id = Number(firstValue(row, 'dns.id'));
      const isAnswer = firstValue(row, 'dns.flags.response') === '1';
      const name = firstValue(row, 'dns.qry.name');
      // Data that Wireshark cannot read cannot be compared.
      if (name === undefined || /^<name too long>/i.test(name)) continue;
      const subject = `#${firstValue(row, 'frame.number')}`;
      const sameId = lookups.filter((lookup) => lookup.id === id);
      const lookup = sameId.find((each) => plainName(each.name) === plainName(name)) ?? sameId[0];
      add(
        subject,
        isAnswer ? 'dns answer' : 'dns question',
        lookup && plainName(lookup.name),
        plainName(name),
      );
      add(subject, 'dns type', lookup?.type, Number(firstValue(row, 'dns.qry.type')));
      if (isAnswer && lookup && lookup.responses === 1)
        add(
          subject,
          'dns rcode',
          lookup.responseCode & 0x0f,
          Number(firstValue(row, 'dns.flags.rcode')),
        );
    }
  }

  #compareTls(conversations: readonly Conversation[], add: Add): void {
    if (conversations.length > 1) return;
    const tls = conversations[0]?.tls;
    const client = this.#hellos.find((row) => row.get('tls.handshake.type')?.[0] === '1');
    const server = this.#hellos.find((row) => row.get('tls.handshake.type')?.includes('2'));
    if (client) {
      add('', 'tls ClientHello', (tls?.offeredVersions.length ?? 0) > 0, true);
      add(
        '',
        'tls server name',
        tls?.serverName,
        firstValue(client, 'tls.handshake.extensions_server_name'),
      );
    }
    if (server?.get('tls.handshake.type')?.[0] === '2')
      add('', 'tls cipher', tls?.cipher, Number(server.get('tls.handshake.ciphersuite')?.[0]));
  }

  #compareHttp(conversations: readonly Conversation[], add: Add): void {
    const exchanges = conversations.flatMap(({ http }) => http?.exchanges ?? []);
    const requests = exchanges.filter(({ method }) => method !== '');
    for (const [index, request] of this.#requests.slice(0, 20).entries()) {
      const subject = `request ${index + 1}`;
      add(subject, 'http method', requests[index]?.method, request.method);
      add(subject, 'http target', requests[index]?.target, request.uri);
      if (request.host !== undefined)
        add(subject, 'http host', requests[index]?.host, request.host);
    }
    const statuses = conversations.flatMap(({ http }) => [...(http?.statuses ?? [])]);
    const counts = new Map<string, number>();
    for (const status of this.#statuses) counts.set(status, (counts.get(status) ?? 0) + 1);
    for (const [status, count] of counts) {
      const mine = statuses.filter(([code]) => String(code) === status);
      add(
        `status ${status}`,
        'http responses',
        mine.reduce((sum, [, times]) => sum + times, 0),
        count,
      );
    }
  }
}

function plainName(name: string): string {
  return name
    .toLowerCase()
    .replace(/^<root>$/, '.')
    .replace(/\.$/, '');
}

function tupleOf(row: TsharkPacket): string | undefined {
  const protocols = `:${firstValue(row, 'frame.protocols')}:`;
  // The message is in the innermost layer; messages that ICMP quotes are not in a conversation.
  if (/icmp/.test(protocols)) return undefined;
  const last = (field: Field) => row.get(field)?.at(-1);
  const isV6 = protocols.lastIndexOf(':ipv6:') > protocols.lastIndexOf(':ip:');
  const isTcp = protocols.lastIndexOf(':tcp') > protocols.lastIndexOf(':udp');
  const ends = (['src', 'dst'] as const).map(
    (end) =>
      `${last(isV6 ? `ipv6.${end}` : `ip.${end}`)} ${last(isTcp ? `tcp.${end}port` : `udp.${end}port`)}`,
  );
  return [isTcp ? 6 : 17, ...ends.sort()].join(' ');
}

function tupleOfOurs({ protocol, client, server }: Conversation): string {
  const ends = [client, server].map(({ address, port }) => `${address} ${port}`);
  return [protocol, ...ends.sort()].join(' ');
}
