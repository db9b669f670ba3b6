import type { ConversationRows } from './conversations.ts';
import { element } from './dom.ts';
import { numberText, spanText, utcClockText } from './format.ts';
import { hasAllWords, searchWords } from './search.ts';
import { type VirtualColumn, VirtualTable } from './virtualTable.ts';

interface Entries {
  readonly total: number;
  /** Row numbers of the conversations. */
  readonly row: readonly number[];
  readonly time: readonly number[];
}

/** One section each for DNS lookups, TLS handshakes and HTTP requests, if there are any. */
export function entrySections(
  rows: ConversationRows,
  onChoose: (row: number) => void,
): HTMLElement[] {
  const { data } = rows;
  const { dns, tls, http } = data;
  const text = (numbers: readonly number[]) => (at: number) => data.texts[numbers[at] ?? -1] ?? '';
  const textColumn = (title: string, width: number, numbers: readonly number[]): VirtualColumn => ({
    title,
    width,
    text: text(numbers),
  });
  const latency = (numbers: readonly number[]): VirtualColumn => ({
    title: 'Took',
    width: 6.5,
    isNumber: true,
    text: (at) => ((numbers[at] ?? -1) < 0 ? '' : spanText(numbers[at] ?? 0)),
    key: (at) => numbers[at] ?? -1,
  });
  const answer = text(dns.answer);
  const sections: HTMLElement[] = [];
  const add = (id: string, title: string, entries: Entries, columns: readonly VirtualColumn[]) => {
    if (entries.total > 0) sections.push(section(rows, { id, title, entries, columns, onChoose }));
  };
  add('dns', 'DNS lookups', dns, [
    textColumn('Name', 20, dns.name),
    textColumn('Type', 5, dns.type),
    {
      title: 'Answer',
      width: 8,
      text: answer,
      level: (at) =>
        answer(at) === 'no answer' || /^(SERVFAIL|REFUSED)/i.test(answer(at)) ? 'error' : '',
    },
    latency(dns.latency),
    textColumn('Addresses', 14, dns.addresses),
    {
      title: 'Asked again',
      width: 8,
      isNumber: true,
      text: (at) => (dns.repeats[at] ? numberText(dns.repeats[at] ?? 0) : ''),
      key: (at) => dns.repeats[at] ?? 0,
    },
  ]);
  const alerts = text(tls.alerts);
  add('tls', 'TLS handshakes', tls, [
    textColumn('Server name', 18, tls.serverName),
    textColumn('Version', 10, tls.version),
    textColumn('ALPN', 8, tls.alpn),
    textColumn('Certificate', 18, tls.certificate),
    {
      title: 'Alerts',
      width: 12,
      text: alerts,
      level: (at) => (alerts(at).includes('fatal') ? 'error' : ''),
    },
  ]);
  add('http', 'HTTP requests', http, [
    textColumn('Method', 5, http.method),
    textColumn('Host', 12, http.host),
    textColumn('Target', 20, http.target),
    {
      title: 'Status',
      width: 6,
      isNumber: true,
      text: (at) => (http.status[at] ? String(http.status[at]) : 'not seen'),
      key: (at) => http.status[at] ?? 0,
      level: (at) => ((http.status[at] ?? 0) >= 500 ? 'error' : ''),
    },
    latency(http.latency),
  ]);
  return sections;
}

interface Section {
  readonly id: string;
  readonly title: string;
  readonly entries: Entries;
  readonly columns: readonly VirtualColumn[];
  readonly onChoose: (row: number) => void;
}

function section(
  rows: ConversationRows,
  { id, title, entries, columns, onChoose }: Section,
): HTMLElement {
  const rowOf = (at: number) => entries.row[at] ?? 0;
  const all: readonly VirtualColumn[] = [
    {
      title: 'Time',
      width: 8.5,
      text: (at) => utcClockText(rows.data.start, entries.time[at] ?? 0),
      key: (at) => entries.time[at] ?? 0,
    },
    ...columns,
    { title: 'Client', width: 16, text: (at) => rows.end('client', rowOf(at)) },
    { title: 'Server', width: 16, text: (at) => rows.end('server', rowOf(at)) },
  ];
  const table = new VirtualTable({
    label: title,
    columns: all,
    onChoose: (at) => onChoose(rowOf(at)),
  });
  const status = element('p', { class: 'muted', role: 'status' });
  const search = element('input', {
    type: 'search',
    placeholder: 'Search',
    'aria-label': `Search ${title}`,
  });
  const count = entries.row.length;
  const filter = () => {
    const words = searchWords(search.value);
    const shownRows = Array.from({ length: count }, (_, at) => at).filter(
      (at) =>
        words.length === 0 ||
        hasAllWords(
          all
            .map((column) => column.text(at))
            .join('\n')
            .toLowerCase(),
          words,
        ),
    );
    table.show(shownRows);
    const omitted =
      entries.total > count
        ? `; ${numberText(entries.total - count)} more are not in this report`
        : '';
    status.textContent = `${numberText(shownRows.length)} of ${numberText(count)}${omitted}.`;
  };
  search.addEventListener('input', filter);
  filter();
  return element(
    'section',
    { id, 'aria-labelledby': `${id}-title` },
    element('h2', { id: `${id}-title` }, title),
    element('div', { class: 'controls' }, search),
    table.element,
    status,
  );
}
