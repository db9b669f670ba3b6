import { dnsTypeName, responseCodeName } from '../packets/dns.ts';
import { alertName, tlsVersionName } from '../packets/tls.ts';
import type { DnsLookup } from '../reading/dns/dnsFacts.ts';
import type { HttpExchange } from '../reading/http/httpFacts.ts';
import type { Summary } from '../reading/summary.ts';
import type { TlsFacts } from '../reading/tls/tlsFacts.ts';
import type { ConversationRow } from './collect/conversationRow.ts';
import type { Entries, ReportCollector } from './collect/reportCollector.ts';
import { findingMarks } from './findingMarks.ts';
import { joinedPoints } from './joinedPoints.ts';
import type {
  ConversationColumns,
  ExchangeColumns,
  HandshakeColumns,
  LookupColumns,
  ReportData,
  Timeline,
  TroubleKind,
} from './model.ts';
import { ReportClock } from './reportClock.ts';
import { Texts } from './texts.ts';

/** The rows of the report, ordered by start. */
export function orderedRows(collector: ReportCollector): ConversationRow[] {
  return [...collector.rows.values()].sort((a, b) => a.start - b.start || a.serial - b.serial);
}

/** All data of a report except its packets. */
export function reportData(
  summary: Summary,
  collector: ReportCollector,
  rows: readonly ConversationRow[],
): ReportData {
  const clock = new ReportClock(summary);
  const texts = new Texts();
  const rowNumbers = new Map(rows.map(({ serial }, index) => [serial, index]));
  const entries = new EntryTables(clock, texts, rowNumbers);
  return {
    start: clock.start,
    duration: clock.duration,
    interfaces: summary.summarizer.interfaces.map(({ label }) => label),
    timeline: timelineOf(collector, clock),
    conversations: conversationColumns(summary, collector, rows, clock, texts),
    findings: findingMarks(summary, rows, clock),
    dns: entries.lookups(collector.lookups),
    tls: entries.handshakes(collector.handshakes),
    http: entries.exchanges(collector.exchanges),
    joined: joinedPoints(summary.comparisons, rowNumbers),
    texts: texts.all,
  };
}

function timelineOf(
  { timeline: { grid, traffic, troubles } }: ReportCollector,
  clock: ReportClock,
): Timeline {
  const roundedValues = (series: number) => Array.from(grid.values(series), Math.round);
  return {
    start: clock.at(grid.start),
    step: grid.step / 1e3,
    buckets: grid.buckets,
    traffic: traffic.map(({ labels, packets, bytes }) => ({
      label: labels.length > 1 ? `${labels.length} other interfaces` : (labels[0] ?? ''),
      packets: roundedValues(packets),
      bytes: roundedValues(bytes),
    })),
    troubles: [...troubles].sort(byKind).map(({ kind, label, series, total }) => {
      const values = [...grid.values(series)].map((value) => Number(value.toFixed(2)));
      const buckets = [...values.keys()].filter((at) => values[at] !== 0);
      return { kind, label, total, buckets, counts: buckets.map((at) => values[at] as number) };
    }),
  };
}

const KINDS: readonly TroubleKind[] = ['lost', 'dropped', 'repeated', 'reset', 'failed'];

/** Orders causes before their consequences. */
function byKind(a: { kind: TroubleKind }, b: { kind: TroubleKind }): number {
  return KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind);
}

function conversationColumns(
  { names }: Summary,
  collector: ReportCollector,
  rows: readonly ConversationRow[],
  clock: ReportClock,
  texts: Texts,
): ConversationColumns {
  const column = (cellOf: (row: ConversationRow) => number) => rows.map(cellOf);
  const end = (address: string) => {
    const name = names.get(address);
    return texts.number(name === undefined ? address : `${name} (${address})`);
  };
  const starts = rows.map(({ start }) => clock.at(start));
  return {
    total: collector.total,
    protocol: column((row) => texts.number(row.protocol)),
    interface: column((row) => row.interfaceIndex),
    client: column((row) => end(row.client.address)),
    clientPort: column((row) => row.client.port),
    server: column((row) => end(row.server.address)),
    serverPort: column((row) => row.server.port),
    start: starts.map((at, index) => at - (starts[index - 1] ?? 0)),
    duration: column((row) => Math.round((row.end - row.start) / 1e3)),
    clientPackets: column((row) => row.clientPackets),
    serverPackets: column((row) => row.serverPackets),
    clientBytes: column((row) => row.clientBytes),
    serverBytes: column((row) => row.serverBytes),
    state: column((row) => texts.number(row.state)),
    what: column((row) => texts.number(row.what)),
    repeated: column((row) => row.repeated),
    resets: column((row) => row.resets),
    failed: column((row) => row.failures.length),
    lost: column((row) => row.lost),
    kept: column((row) => row.log?.count ?? 0),
    rest: column(({ log }) => (log ? log.ordinal - log.lastOrdinal : 0)),
  };
}

/** The tables of DNS lookups, TLS handshakes and HTTP requests. */
class EntryTables {
  readonly #clock: ReportClock;
  readonly #texts: Texts;
  readonly #rows: ReadonlyMap<number, number>;

  constructor(clock: ReportClock, texts: Texts, rows: ReadonlyMap<number, number>) {
    this.#clock = clock;
    this.#texts = texts;
    this.#rows = rows;
  }

  lookups(entries: Entries<DnsLookup>): LookupColumns {
    const { column, text, rows } = this.#columns(entries);
    return {
      total: entries.total,
      row: rows,
      time: column(({ time }) => this.#clock.at(time)),
      name: text(({ name }) => name),
      type: text(({ type }) => dnsTypeName(type)),
      answer: text(({ responses, responseCode, isTruncated }) => {
        if (responses === 0) return 'no answer';
        return `${responseCodeName(responseCode)}${isTruncated ? ', truncated' : ''}`;
      }),
      latency: column(({ responses, responseTime, time }) =>
        responses > 0 ? Math.round((responseTime - time) / 1e3) : -1,
      ),
      addresses: text(({ addresses }) => addresses.join(', ')),
      repeats: column(({ repeats }) => repeats),
    };
  }

  handshakes(entries: Entries<TlsFacts>): HandshakeColumns {
    const { column, text, rows } = this.#columns(entries);
    return {
      total: entries.total,
      row: rows,
      time: column(({ clientHelloTime, serverHelloTime }) =>
        this.#clock.at(clientHelloTime || serverHelloTime),
      ),
      serverName: text(({ serverName, isEncryptedHello }) =>
        `${serverName ?? ''}${isEncryptedHello ? ' (encrypted ClientHello)' : ''}`.trim(),
      ),
      version: text(versionText),
      alpn: text(
        ({ alpn, offeredAlpn }) =>
          alpn ?? (offeredAlpn.length > 0 ? `offered ${offeredAlpn.join(', ')}` : ''),
      ),
      certificate: text(certificateText),
      alerts: text(({ alerts }) =>
        alerts
          .map(
            ({ byClient, level, description }) =>
              `${level === 2 ? 'fatal ' : ''}${alertName(description)} from the ${byClient ? 'client' : 'server'}`,
          )
          .join(', '),
      ),
    };
  }

  exchanges(entries: Entries<HttpExchange>): ExchangeColumns {
    const { column, text, rows } = this.#columns(entries);
    return {
      total: entries.total,
      row: rows,
      time: column(({ requestTime, responseTime }) =>
        this.#clock.at(requestTime >= 0 ? requestTime : responseTime),
      ),
      method: text(({ method }) => method),
      target: text(({ target }) => target),
      host: text(({ host }) => host ?? ''),
      status: column(({ status }) => status),
      latency: column(({ requestTime, responseTime }) =>
        requestTime >= 0 && responseTime >= 0 ? Math.round((responseTime - requestTime) / 1e3) : -1,
      ),
    };
  }

  /** Keeps only entries whose conversations are in the report. */
  #columns<Entry>({ kept }: Entries<Entry>) {
    const shownEntries = kept.filter(({ serial }) => this.#rows.has(serial));
    return {
      rows: shownEntries.map(({ serial }) => this.#rows.get(serial) as number),
      column: (select: (entry: Entry) => number) => shownEntries.map(({ entry }) => select(entry)),
      text: (select: (entry: Entry) => string) =>
        shownEntries.map(({ entry }) => this.#texts.number(select(entry))),
    };
  }
}

function versionText({ version, offeredVersions, isIncomplete }: TlsFacts): string {
  const offered = offeredVersions.map(tlsVersionName).join(', ');
  const text = version !== 0 ? tlsVersionName(version) : offered && `offered ${offered}`;
  return isIncomplete ? `${text} (incomplete)`.trim() : text;
}

function certificateText({ certificate }: TlsFacts): string {
  if (!certificate) return '';
  const { subject, issuer, notAfter } = certificate;
  const until = Number.isNaN(notAfter)
    ? ''
    : `, valid until ${new Date(notAfter).toISOString().slice(0, 10)}`;
  return `${subject}, issued by ${issuer}${until}`;
}
