import { bytesText } from '../../output/quantities.ts';
import type { ReportData } from '../model.ts';
import { element } from './dom.ts';
import { numberText, spanText, stateText, utcClockText } from './format.ts';
import { hasAllWords, searchWords } from './search.ts';
import type { Span } from './timeScale.ts';
import { type VirtualColumn, VirtualTable } from './virtualTable.ts';

/** Filter when the user has stopped typing for this long. Milliseconds. */
const TYPING_PAUSE_MS = 120;

/** Texts and numbers of conversations, by row. */
export class ConversationRows {
  readonly data: ReportData;
  readonly count: number;
  /** The rows that the table shows. A connection that several points saw has one row, of the first point. */
  readonly all: readonly number[];
  /** Microseconds from the start of the report. */
  readonly starts: Float64Array;
  /** The index of each conversation's first packet. */
  readonly packetsAt: Float64Array;
  readonly #haystacks: (string | undefined)[] = [];
  /** For connections that several points saw: all their rows, by the first row. */
  readonly #points = new Map<number, readonly number[]>();
  readonly #firsts = new Map<number, number>();

  constructor(data: ReportData) {
    this.data = data;
    const { start, kept } = data.conversations;
    this.count = start.length;
    this.starts = new Float64Array(this.count);
    this.packetsAt = new Float64Array(this.count);
    let time = 0;
    let packets = 0;
    for (let row = 0; row < this.count; row++) {
      time += start[row] ?? 0;
      this.starts[row] = time;
      this.packetsAt[row] = packets;
      packets += kept[row] ?? 0;
    }
    for (const { rows } of data.joined) {
      const [first = 0, ...joinedRows] = rows;
      this.#points.set(first, rows);
      for (const joinedRow of joinedRows) this.#firsts.set(joinedRow, first);
    }
    this.all = Array.from({ length: this.count }, (_, row) => row).filter(
      (row) => !this.#firsts.has(row),
    );
  }

  /** The row that stands for this row's connection in the table. */
  shownRow(row: number): number {
    return this.#firsts.get(row) ?? row;
  }

  /** The rows of a connection, one for each point that saw it. */
  points(row: number): readonly number[] {
    return this.#points.get(row) ?? [row];
  }

  text(column: 'protocol' | 'client' | 'server' | 'state' | 'what', row: number): string {
    return this.data.texts[this.number(column, row)] ?? '';
  }

  number(column: Exclude<keyof ReportData['conversations'], 'total'>, row: number): number {
    return this.data.conversations[column][row] ?? 0;
  }

  /** An endpoint as ADDRESS:PORT. ICMP has no ports. */
  end(side: 'client' | 'server', row: number): string {
    const text = this.text(side, row);
    if (this.text('protocol', row).startsWith('icmp')) return text;
    const port = this.number(side === 'client' ? 'clientPort' : 'serverPort', row);
    const [, name, address] = text.match(/^(.*) \(([\w.:]+)\)$/s) ?? [];
    const host = (address ?? text).includes(':') ? `[${address ?? text}]` : (address ?? text);
    return name === undefined ? `${host}:${port}` : `${name} (${host}:${port})`;
  }

  placeName(row: number): string {
    return this.data.interfaces[this.number('interface', row)] ?? '';
  }

  /** All points that saw the connection. */
  placeNames(row: number): string {
    return this.points(row)
      .map((pointRow) => this.placeName(pointRow))
      .join(' → ');
  }

  /** How many packets were lost after each of the points, added up. */
  lostPackets(row: number): number {
    return this.points(row).reduce((sum, pointRow) => sum + this.number('lost', pointRow), 0);
  }

  /** The largest value of the points: several points saw the same events, so values are not added up. */
  largest(column: 'repeated' | 'resets' | 'failed', row: number): number {
    return Math.max(...this.points(row).map((pointRow) => this.number(column, pointRow)));
  }

  troubles(row: number): string {
    const parts: readonly (readonly [number, string])[] = [
      [this.lostPackets(row), 'lost'],
      [this.largest('repeated', row), 'sent again'],
      [this.largest('resets', row), 'reset'],
      [this.largest('failed', row), 'failed'],
    ];
    return parts
      .filter(([count]) => count > 0)
      .map(([count, what]) => `${numberText(count)} ${what}`)
      .join(', ');
  }

  troubleCount(row: number): number {
    const counts = (['repeated', 'resets', 'failed'] as const).map((column) =>
      this.largest(column, row),
    );
    return counts.reduce((sum, count) => sum + count, this.lostPackets(row) * 1e6);
  }

  overlaps(row: number, { from, to }: Span): boolean {
    const start = this.starts[row] ?? 0;
    return start <= to && start + this.number('duration', row) >= from;
  }

  matches(row: number, words: readonly string[]): boolean {
    this.#haystacks[row] ??= [
      this.text('protocol', row),
      // Another point may have seen other addresses, for example behind NAT.
      ...this.points(row).flatMap((pointRow) => [
        this.end('client', pointRow),
        this.end('server', pointRow),
      ]),
      this.placeNames(row),
      this.text('state', row),
      stateText(this.text('state', row)),
      this.text('what', row),
      this.troubles(row),
    ]
      .join('\n')
      .toLowerCase();
    return hasAllWords(this.#haystacks[row] ?? '', words);
  }
}

/** The table of conversations, with its filters. */
export class ConversationTable {
  readonly element: HTMLElement;
  readonly #rows: ConversationRows;
  readonly #table: VirtualTable;
  readonly #status = element('p', { class: 'muted', role: 'status' });
  readonly #chips = element('span', { class: 'controls chips' });
  readonly #search = element('input', {
    type: 'search',
    placeholder: 'Search: an address, name, port, state …',
    'aria-label': 'Search conversations',
  });
  readonly #troubleOnly = element('input', { type: 'checkbox' });
  #span: Span | undefined;
  #finding: { number: number; rows: ReadonlySet<number> } | undefined;
  readonly #onAllTimes: () => void;

  constructor(
    rows: ConversationRows,
    { onChoose, onAllTimes }: { onChoose: (row: number) => void; onAllTimes: () => void },
  ) {
    this.#rows = rows;
    this.#onAllTimes = onAllTimes;
    this.#table = new VirtualTable({
      label: 'Conversations',
      columns: columnsOf(rows),
      onChoose,
    });
    let typing: ReturnType<typeof setTimeout> | undefined;
    this.#search.addEventListener('input', () => {
      clearTimeout(typing);
      typing = setTimeout(() => this.#filter(), TYPING_PAUSE_MS);
    });
    this.#troubleOnly.addEventListener('change', () => this.#filter());
    this.element = element(
      'section',
      { id: 'conversations', 'aria-labelledby': 'conversations-title' },
      element('h2', { id: 'conversations-title' }, 'Conversations'),
      element(
        'div',
        { class: 'controls' },
        this.#search,
        element('label', {}, this.#troubleOnly, ' Only with problems'),
        this.#chips,
      ),
      this.#table.element,
      this.#status,
      element(
        'p',
        { class: 'muted screen' },
        'Select a conversation (click or Enter) to see its packets. Use the arrow keys to move in the table, and click a column name to sort.',
      ),
    );
    this.#filter();
    // Conversations with trouble come first.
    const columns = columnsOf(rows);
    if (rows.all.some((row) => rows.troubleCount(row) > 0))
      this.#table.sortBy(
        columns.findIndex(({ title }) => title === 'Problems'),
        true,
      );
  }

  /** Shows only conversations of this time span. */
  setSpan(span: Span | undefined): void {
    this.#span = span;
    this.#filter();
  }

  /** Shows only conversations of this finding. */
  setFinding(number: number, rows: readonly number[]): void {
    this.#finding = { number, rows: new Set(rows.map((row) => this.#rows.shownRow(row))) };
    this.#filter();
  }

  mark(row: number): void {
    this.#table.mark(this.#rows.shownRow(row));
  }

  #filter(): void {
    const rows = this.#rows;
    const words = searchWords(this.#search.value);
    const span = this.#span;
    const finding = this.#finding;
    const shownRows = rows.all.filter(
      (row) =>
        (!this.#troubleOnly.checked || rows.troubleCount(row) > 0) &&
        (!span || rows.overlaps(row, span)) &&
        (!finding || finding.rows.has(row)) &&
        (words.length === 0 || rows.matches(row, words)),
    );
    this.#table.show(shownRows);
    this.#showStatus(shownRows.length);
    this.#showChips();
  }

  #showStatus(shownCount: number): void {
    const { total } = this.#rows.data.conversations;
    const { count, all } = this.#rows;
    const joined =
      all.length < count
        ? ` ${numberText(count - all.length)} of the ${numberText(count)} conversations belong to the same connections, seen at another point.`
        : '';
    const omitted =
      total > count
        ? ` ${numberText(total - count)} more are not in this report (the smallest ones without problems).`
        : '';
    this.#status.textContent = `${numberText(shownCount)} of ${numberText(all.length)} conversations.${joined}${omitted}`;
  }

  #showChips(): void {
    const chip = (text: string, onclick: () => void) =>
      element(
        'button',
        { type: 'button', class: 'chip', onclick, 'aria-label': `${text}: remove` },
        `${text} ✕`,
      );
    const { start } = this.#rows.data;
    const span = this.#span;
    this.#chips.replaceChildren(
      ...(span
        ? [
            chip(
              `${utcClockText(start, span.from)} to ${utcClockText(start, span.to)}`,
              this.#onAllTimes,
            ),
          ]
        : []),
      ...(this.#finding
        ? [
            chip(`Finding ${this.#finding.number}`, () => {
              this.#finding = undefined;
              this.#filter();
            }),
          ]
        : []),
    );
  }
}

function columnsOf(rows: ConversationRows): VirtualColumn[] {
  const number = (
    title: string,
    width: number,
    of: (row: number) => number,
    text: (value: number) => string = numberText,
  ): VirtualColumn => ({ title, width, isNumber: true, key: of, text: (row) => text(of(row)) });
  const isSeveral = rows.data.interfaces.length > 1;
  return [
    {
      title: 'Start',
      width: 8.5,
      text: (row) => utcClockText(rows.data.start, rows.starts[row] ?? 0),
      key: (row) => rows.starts[row] ?? 0,
    },
    { title: 'Protocol', width: 6, text: (row) => rows.text('protocol', row) },
    { title: 'Client', width: 16, text: (row) => rows.end('client', row) },
    { title: 'Server', width: 16, text: (row) => rows.end('server', row) },
    ...(isSeveral
      ? [{ title: 'Captured at', width: 9, text: (row: number) => rows.placeNames(row) }]
      : []),
    { title: 'Carries', width: 14, text: (row) => rows.text('what', row) },
    { title: 'State', width: 8, text: (row) => stateText(rows.text('state', row)) },
    {
      title: 'Problems',
      width: 10.5,
      text: (row) => rows.troubles(row),
      key: (row) => rows.troubleCount(row),
      largestFirst: true,
      level: (row) => (rows.lostPackets(row) > 0 ? 'error' : 'warning'),
    },
    number(
      'Packets',
      6,
      (row) => rows.number('clientPackets', row) + rows.number('serverPackets', row),
    ),
    number('Sent', 6, (row) => rows.number('clientBytes', row), bytesText),
    number('Received', 7, (row) => rows.number('serverBytes', row), bytesText),
    number('Duration', 7, (row) => rows.number('duration', row), spanText),
  ];
}
