import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { responseCodeName } from '../../../../src/packets/dns.ts';
import { tlsVersionName } from '../../../../src/packets/tls.ts';
import type { Conversation } from '../../../../src/reading/conversation.ts';
import { FOLDER, truthFiles } from './captures.ts';
import { Comparison } from './facts.ts';
import type { Ours } from './ours.ts';
import { readZeekLog, type ZeekRow } from './zeekLogs.ts';

/** The bytes of a capture; only of the last one requested. */
const last = { capture: '', bytes: Buffer.alloc(0) };
function bytesOf(capture: string): Buffer {
  if (last.capture !== capture) {
    const bytes = readFileSync(join(FOLDER, capture));
    last.bytes = capture.endsWith('.gz') ? gunzipSync(bytes) : bytes;
    last.capture = capture;
  }
  return last.bytes;
}

interface Context {
  readonly row: ZeekRow;
  readonly conversations: readonly Conversation[];
}

type Add = (subject: string, field: string, ours: unknown, theirs: unknown) => void;

export function zeekFactsComparison() {
  return new Comparison<Context>([
    {
      why: 'DTLS is not read',
      explains: ({ theirs }) => theirs.startsWith('DTLS'),
    },
    {
      why: 'a request line of one word: no request for Zeek',
      explains: ({ field, theirs }, { conversations }) =>
        /^http (?:method|host)$/.test(field) &&
        theirs === 'undefined' &&
        conversations.some(({ http }) => http?.exchanges.some(({ target }) => target === '')),
    },
    {
      why: 'a request without a version: Zeek does not read the head of its answer',
      explains: ({ field, theirs }, { conversations }) =>
        field === 'http status' &&
        theirs === 'undefined' &&
        conversations.some(({ http }) => http?.version === '0.9'),
    },
  ]);
}

/** Compares DNS, TLS and HTTP with Zeek's logs of them. */
export function compareZeekFacts(
  comparison: Comparison<Context>,
  capture: string,
  ours: Ours,
): void {
  const read = { dns: compareDns, ssl: compareTls, http: compareHttp };
  for (const kind of ['dns', 'ssl', 'http'] as const)
    for (const path of truthFiles(capture, new RegExp(`^\\.${kind}[-.\\d]*\\.log$`)))
      for (const row of readZeekLog(path)) {
        if (!isComparable(row, capture)) continue;
        const conversations = ours.conversations.filter((candidate) => isOf(candidate, row));
        const tuple = ['id.orig_h', 'id.orig_p', 'id.resp_h', 'id.resp_p'].map((at) => row.get(at));
        const add: Add = (subject, field, mine, theirs) =>
          comparison.add(
            {
              capture,
              subject: [...tuple, subject].join(' '),
              field: `${kind} ${field}`,
              ours: String(mine),
              theirs: String(theirs),
            },
            { row, conversations },
          );
        read[kind](row, conversations, add);
      }
}

/** Some tests write logs without addresses, with parts of them blanked, or of requests that a script invented. */
function isComparable(row: ZeekRow, capture: string): boolean {
  const address = row.get('id.orig_h');
  const uri = row.get('uri') ?? '';
  const isMadeUp = /^[\w/.]{5,}$/.test(uri) && !bytesOf(capture).includes(uri);
  return address !== undefined && !address.endsWith('.0.0') && !isMadeUp;
}

/** Zeek and netdebug may see different ends as the client. */
function isOf({ client, server }: Conversation, row: ZeekRow): boolean {
  const end = (name: string) => `${row.get(`id.${name}_h`)} ${row.get(`id.${name}_p`)}`;
  const [clientEnd, serverEnd] = [client, server].map(({ address, port }) => `${address} ${port}`);
  return (
    (clientEnd === end('orig') && serverEnd === end('resp')) ||
    (clientEnd === end('resp') && serverEnd === end('orig'))
  );
}

function compareDns(row: ZeekRow, conversations: readonly Conversation[], add: Add): void {
  const id = Number(row.get('trans_id'));
  const query = row.get('query');
  const type = row.get('qtype');
  const lookups = conversations.flatMap(({ dns }) => dns?.lookups ?? []);
  const lookup = lookups.find(
    (candidate) =>
      candidate.id === id &&
      (type === undefined || String(candidate.type) === type) &&
      candidate.name.toLowerCase() === query?.toLowerCase(),
  );
  const subject = `${id} ${type} ${query}`;
  if (type !== undefined && query !== undefined)
    add(subject, 'query', lookup?.name.toLowerCase(), query.toLowerCase());
  const code = row.get('rcode_name');
  if (code !== undefined)
    add(
      subject,
      'rcode',
      lookup && lookup.responses > 0 ? responseCodeName(lookup.responseCode) : undefined,
      code,
    );
  const addresses = (row.get('answers') ?? '')
    .split(',')
    .filter((answer) => /^[\d.]+$|^[\da-f:]*:[\da-f:]*$/.test(answer));
  if (addresses.length > 0)
    add(subject, 'addresses', lookup?.addresses.join(), addresses.slice(0, 8).join());
  if (row.get('TC') !== undefined)
    add(subject, 'TC', lookup?.isTruncated ? 'T' : 'F', row.get('TC'));
  const rtt = Number(row.get('rtt'));
  if (rtt > 0) add(subject, 'rtt', ((lookup?.responseTime ?? 0) - (lookup?.time ?? 0)) / 1e9, rtt);
}

function compareTls(row: ZeekRow, conversations: readonly Conversation[], add: Add): void {
  const tls = conversations.find((candidate) => candidate.tls !== undefined)?.tls;
  const version = row.get('version');
  if (version !== undefined) add('', 'version', tls && zeekVersion(tls.version), version);
  if (row.get('server_name') !== undefined)
    add('', 'server name', tls?.serverName, row.get('server_name'));
  if (row.get('next_protocol') !== undefined) add('', 'ALPN', tls?.alpn, row.get('next_protocol'));
}

function zeekVersion(version: number): string {
  return tlsVersionName(version)
    .replace('.', '')
    .replace(/ \(draft (\d+)\)/, '-draft$1');
}

/** Zeek writes the target unescaped. */
function unescaped(target: string): string {
  return Buffer.from(
    target.replace(/%([0-9a-f]{2})/gi, (_, code: string) =>
      String.fromCharCode(Number.parseInt(code, 16)),
    ),
    'latin1',
  ).toString('latin1');
}

function compareHttp(row: ZeekRow, conversations: readonly Conversation[], add: Add): void {
  const exchanges = conversations.flatMap(({ http }) => http?.exchanges ?? []);
  const depth = Number(row.get('trans_depth'));
  const exchange = exchanges[depth - 1];
  const subject = `#${depth}`;
  add(subject, 'method', exchange?.method || undefined, row.get('method'));
  add(
    subject,
    'target',
    exchange && exchange.target !== '' ? unescaped(exchange.target) : undefined,
    row.get('uri'),
  );
  add(subject, 'host', exchange?.host?.replace(/:\d+$/, ''), row.get('host')?.replace(/:\d+$/, ''));
  const status = row.get('status_code');
  add(subject, 'status', exchange?.status || undefined, status === '0' ? undefined : status);
}
