import { type Child, element } from './dom.ts';
import { numberText } from './format.ts';
import { sortedRows } from './search.ts';

/** The same as in the stylesheet. */
const ROW_HEIGHT = 30;
/** How many rows are rendered above and below the visible ones. */
const SPARE_ROWS = 12;
const PRINTED_ROWS = 100;
/**
 * More than any screen shows. Limits the rendered rows even without the stylesheet, when the table has its full
 * height.
 */
const MAX_RENDERED_ROWS = 300;

export interface VirtualColumn {
  readonly title: string;
  /** In em. */
  readonly width: number;
  readonly isNumber?: boolean;
  text(row: number): string;
  /** The sort key; without it, the text is the key. */
  key?(row: number): number | string;
  /** The first click sorts in descending order, as is usual for numbers. */
  readonly largestFirst?: boolean;
  /** A CSS class for the cell: error, warning. */
  level?(row: number): string;
}

export interface TableOptions {
  readonly label: string;
  readonly columns: readonly VirtualColumn[];
  /** Called when the user selects a row. */
  readonly onChoose: (row: number) => void;
}

/** A table of any length that renders only the visible rows. It is sortable and works with the keyboard. */
export class VirtualTable {
  readonly element: HTMLElement;
  selectedRow = -1;
  readonly #options: TableOptions;
  readonly #body = element('tbody');
  readonly #heads: HTMLTableCellElement[];
  readonly #table: HTMLTableElement;
  readonly #note = element('p', { class: 'muted', hidden: true });
  readonly #scroll: HTMLElement;
  /** The rows in their original order, and in the order shown. */
  #rows: readonly number[] = [];
  #shown: readonly number[] = [];
  #sort = -1;
  #isDescending = false;
  /** The index of the row with the keyboard focus. */
  #active = 0;
  #isPrinting = false;

  constructor(options: TableOptions) {
    this.#options = options;
    this.#heads = options.columns.map((column, index) => this.#head(column, index));
    this.#table = element(
      'table',
      { class: 'rows', role: 'grid', 'aria-label': options.label },
      element('colgroup', {}, ...options.columns.map(columnWidth)),
      element('thead', {}, element('tr', {}, ...this.#heads)),
      this.#body,
    );
    const width = options.columns.reduce((sum, column) => sum + column.width, 0);
    this.#table.style.minWidth = `${width}em`;
    this.#scroll = element('div', { class: 'scroll tall' }, this.#table);
    this.element = element('div', {}, this.#scroll, this.#note);
    this.#scroll.addEventListener('scroll', () => requestAnimationFrame(() => this.#render()));
    new ResizeObserver(() => this.#render()).observe(this.#scroll);
    this.#body.addEventListener('keydown', (event) => this.#key(event));
    this.#body.addEventListener('click', (event) => this.#click(event));
    addEventListener('beforeprint', () => this.#print(true));
    addEventListener('afterprint', () => this.#print(false));
  }

  /** Shows these rows in the current sort order. */
  show(rows: readonly number[]): void {
    this.#rows = rows;
    this.#arrange();
    this.#active = 0;
    this.#scroll.scrollTop = 0;
    this.#render();
  }

  /** Marks a row as selected, without moving it. */
  mark(row: number): void {
    this.selectedRow = row;
    const place = this.#shown.indexOf(row);
    if (place >= 0) this.#active = place;
    this.#render();
  }

  sortBy(column: number, isDescending: boolean): void {
    this.#sort = column;
    this.#isDescending = isDescending;
    for (const [index, head] of this.#heads.entries())
      head.setAttribute(
        'aria-sort',
        index !== column ? 'none' : isDescending ? 'descending' : 'ascending',
      );
    this.#arrange();
    this.#active = 0;
    this.#scroll.scrollTop = 0;
    this.#render();
  }

  #arrange(): void {
    const column = this.#options.columns[this.#sort];
    this.#shown = column
      ? sortedRows(this.#rows, column.key ?? column.text, this.#isDescending)
      : this.#rows;
  }

  #head(column: VirtualColumn, index: number): HTMLTableCellElement {
    const button = element('button', { type: 'button' }, column.title);
    button.addEventListener('click', () => {
      const isSame = this.#sort === index;
      const isLargestFirst = column.largestFirst ?? column.isNumber === true;
      this.sortBy(index, isSame ? !this.#isDescending : isLargestFirst);
    });
    return element(
      'th',
      { scope: 'col', 'aria-sort': 'none', class: column.isNumber ? 'number' : undefined },
      button,
    );
  }

  #render(): void {
    const { length } = this.#shown;
    const height = Math.min(this.#scroll.clientHeight, MAX_RENDERED_ROWS * ROW_HEIGHT);
    const [from, to] = this.#isPrinting
      ? [0, Math.min(length, PRINTED_ROWS)]
      : [
          Math.max(0, Math.floor(this.#scroll.scrollTop / ROW_HEIGHT) - SPARE_ROWS),
          Math.min(length, Math.ceil((this.#scroll.scrollTop + height) / ROW_HEIGHT) + SPARE_ROWS),
        ];
    const hadFocus = this.#body.contains(document.activeElement);
    const rows: Child[] = [];
    for (let place = from; place < to; place++) rows.push(this.#row(place));
    const columns = this.#options.columns.length;
    if (length === 0)
      rows.push(
        element('tr', {}, element('td', { colspan: columns, class: 'muted' }, 'Nothing matches')),
      );
    this.#body.replaceChildren(
      spacerRow(from, columns),
      ...(rows as Node[]),
      spacerRow(this.#isPrinting ? 0 : length - to, columns),
    );
    this.#table.setAttribute('aria-rowcount', String(length + 1));
    if (hadFocus) this.#focusActive();
  }

  #row(place: number): HTMLTableRowElement {
    const row = this.#shown[place] as number;
    const cells = this.#options.columns.map((column) => {
      const text = column.text(row);
      const level = column.level?.(row) ?? '';
      return element(
        'td',
        { class: `${column.isNumber ? 'number ' : ''}${level}`.trim() || undefined, title: text },
        text,
      );
    });
    return element(
      'tr',
      {
        'data-place': place,
        'aria-rowindex': place + 2,
        'aria-selected': row === this.selectedRow ? 'true' : 'false',
        tabindex: place === this.#active ? 0 : -1,
      },
      ...cells,
    );
  }

  #key(event: KeyboardEvent): void {
    const page = Math.max(1, Math.floor(this.#scroll.clientHeight / ROW_HEIGHT) - 2);
    const last = this.#shown.length - 1;
    const places: Readonly<Record<string, number>> = {
      ArrowDown: this.#active + 1,
      ArrowUp: this.#active - 1,
      PageDown: this.#active + page,
      PageUp: this.#active - page,
      Home: 0,
      End: last,
    };
    const place = places[event.key];
    if (place !== undefined) this.#moveTo(Math.min(last, Math.max(0, place)));
    else if (event.key === 'Enter' || event.key === ' ') this.#choose(this.#active);
    else return;
    event.preventDefault();
  }

  #click(event: Event): void {
    const row = event.target instanceof Element ? event.target.closest('tr') : undefined;
    const place = row?.dataset.place;
    if (place !== undefined) this.#choose(Number(place));
  }

  #moveTo(place: number): void {
    this.#active = place;
    const top = place * ROW_HEIGHT;
    const head = this.#table.tHead?.offsetHeight ?? 0;
    const scroll = this.#scroll;
    if (top < scroll.scrollTop) scroll.scrollTop = top;
    else if (top + ROW_HEIGHT > scroll.scrollTop + scroll.clientHeight - head)
      scroll.scrollTop = top + ROW_HEIGHT - scroll.clientHeight + head;
    this.#render();
    this.#focusActive();
  }

  #focusActive(): void {
    const row = this.#body.querySelector<HTMLElement>(`tr[data-place="${this.#active}"]`);
    row?.focus({ preventScroll: true });
  }

  #choose(place: number): void {
    const row = this.#shown[place];
    if (row === undefined) return;
    this.#active = place;
    this.selectedRow = row;
    this.#render();
    this.#options.onChoose(row);
  }

  #print(isPrinting: boolean): void {
    this.#isPrinting = isPrinting;
    const { length } = this.#shown;
    this.#note.hidden = !isPrinting || length <= PRINTED_ROWS;
    this.#note.textContent = `The first ${PRINTED_ROWS} of ${numberText(length)} rows; all rows are in the file.`;
    this.#render();
  }
}

function columnWidth({ width }: VirtualColumn): HTMLTableColElement {
  const column = element('col');
  column.style.width = `${width}em`;
  return column;
}

/** A spacer for rows that are not rendered. */
function spacerRow(rows: number, columns: number): HTMLTableRowElement {
  const cell = element('td', { colspan: columns });
  const row = element('tr', { class: 'space', 'aria-hidden': 'true' }, cell);
  cell.style.height = `${rows * ROW_HEIGHT}px`;
  row.hidden = rows === 0;
  return row;
}
