import type { ReportData } from '../model.ts';
import { element, svg } from './dom.ts';
import { numberText, rateText, spanText, utcClockText } from './format.ts';
import { MARKS_HEIGHT, type Metric, SIDE_MARGIN, TimelinePicture } from './timelinePicture.ts';
import { clampSpan, type Span, zoomSpan } from './timeScale.ts';

const PRINT_WIDTH = 1_000;
/** A shorter drag is a click. Pixels. */
const MIN_DRAG = 4;

/** Traffic and trouble over time. A span can be selected with the mouse, the keyboard or buttons. */
export class TimelineView {
  readonly element: HTMLElement;
  readonly #data: ReportData;
  readonly #onSpan: (span: Span | undefined) => void;
  readonly #whole: Span;
  #span: Span;
  #metric: Metric = 'bits';
  #width = PRINT_WIDTH;
  readonly #picture = svg('svg', { role: 'img' });
  readonly #frame = element('div', {
    class: 'timeline',
    tabindex: 0,
    role: 'application',
    'aria-label': 'Timeline: plus and minus zoom, arrows move, 0 shows all',
  });
  readonly #reading = element('p', { class: 'muted reading', role: 'status' });
  readonly #shade = svg('rect', { class: 'shade', hidden: true });
  #dragFrom: number | undefined;

  constructor(data: ReportData, onSpan: (span: Span | undefined) => void) {
    this.#data = data;
    this.#onSpan = onSpan;
    const { timeline, duration } = data;
    const end = timeline.start + timeline.step * timeline.buckets;
    this.#whole = {
      from: Math.min(0, timeline.start),
      to: Math.max(duration, Math.min(end, duration + timeline.step), 1_000),
    };
    this.#span = this.#whole;
    this.#frame.append(this.#picture);
    this.element = element(
      'section',
      { id: 'timeline', 'aria-labelledby': 'timeline-title' },
      element('h2', { id: 'timeline-title' }, 'Timeline'),
      this.#controls(),
      this.#frame,
      this.#reading,
      element(
        'p',
        { class: 'muted screen' },
        'Drag to zoom in, double-click to show all. The table below shows the conversations of the selected time.',
      ),
    );
    this.#listen();
    new ResizeObserver(() => this.#resize(this.#frame.clientWidth)).observe(this.#frame);
    addEventListener('beforeprint', () => this.#resize(PRINT_WIDTH));
    addEventListener('afterprint', () => this.#resize(this.#frame.clientWidth));
  }

  /** Shows a span, or everything. */
  zoomTo(span: Span | undefined): void {
    this.#span = span ? clampSpan(span, this.#whole) : this.#whole;
    this.#draw();
    this.#onSpan(this.#isWhole ? undefined : this.#span);
  }

  get #isWhole(): boolean {
    return this.#span.from <= this.#whole.from && this.#span.to >= this.#whole.to;
  }

  get #inner(): number {
    return Math.max(50, this.#width - 2 * SIDE_MARGIN);
  }

  #controls(): HTMLElement {
    const button = (text: string, onclick: () => void) =>
      element('button', { type: 'button', onclick }, text);
    const select = element(
      'select',
      { 'aria-label': 'What to show' },
      element('option', { value: 'bits' }, 'Bits per second'),
      element('option', { value: 'packets' }, 'Packets per second'),
    );
    select.addEventListener('change', () => {
      this.#metric = select.value === 'packets' ? 'packets' : 'bits';
      this.#draw();
    });
    return element(
      'div',
      { class: 'controls' },
      button('Zoom in', () => this.#zoom(0.5)),
      button('Zoom out', () => this.#zoom(2)),
      button('Earlier', () => this.#move(-0.5)),
      button('Later', () => this.#move(0.5)),
      button('All', () => this.zoomTo(undefined)),
      select,
    );
  }

  #listen(): void {
    const frame = this.#frame;
    frame.addEventListener('keydown', (event) => this.#key(event));
    frame.addEventListener('pointerdown', (event) => this.#press(event));
    frame.addEventListener('pointermove', (event) => this.#moved(event));
    frame.addEventListener('pointerup', (event) => this.#release(event));
    frame.addEventListener('pointercancel', () => this.#endDrag());
    frame.addEventListener('dblclick', () => this.zoomTo(undefined));
    frame.addEventListener(
      'wheel',
      (event) => {
        if (!event.ctrlKey && !event.metaKey) return;
        event.preventDefault();
        this.#zoom(event.deltaY > 0 ? 1.25 : 0.8, this.#timeAt(event.clientX));
      },
      { passive: false },
    );
  }

  #key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const zoomActions: Readonly<Record<string, () => void>> = {
      '+': () => this.#zoom(0.5),
      '=': () => this.#zoom(0.5),
      '-': () => this.#zoom(2),
      ArrowLeft: () => this.#move(-0.25),
      ArrowRight: () => this.#move(0.25),
      '0': () => this.zoomTo(undefined),
      Escape: () => this.zoomTo(undefined),
    };
    const runAction = zoomActions[event.key];
    if (!runAction) return;
    event.preventDefault();
    runAction();
  }

  #zoom(factor: number, around = (this.#span.from + this.#span.to) / 2): void {
    this.zoomTo(zoomSpan(this.#span, factor, around, this.#whole));
  }

  #move(share: number): void {
    const shift = (this.#span.to - this.#span.from) * share;
    this.zoomTo({ from: this.#span.from + shift, to: this.#span.to + shift });
  }

  #timeAt(clientX: number): number {
    const x = clientX - this.#picture.getBoundingClientRect().left - SIDE_MARGIN;
    const share = Math.min(1, Math.max(0, x / this.#inner));
    return this.#span.from + share * (this.#span.to - this.#span.from);
  }

  #press(event: PointerEvent): void {
    if (event.button !== 0 || (event.target instanceof Element && event.target.closest('a')))
      return;
    this.#dragFrom = event.clientX;
    this.#frame.setPointerCapture(event.pointerId);
  }

  #moved(event: PointerEvent): void {
    this.#read(this.#timeAt(event.clientX));
    if (this.#dragFrom === undefined) return;
    const left = this.#picture.getBoundingClientRect().left;
    const [from, to] = [this.#dragFrom - left, event.clientX - left].sort((a, b) => a - b);
    this.#shade.removeAttribute('hidden');
    this.#shade.setAttribute('x', String(from ?? 0));
    this.#shade.setAttribute('width', String((to ?? 0) - (from ?? 0)));
  }

  #release(event: PointerEvent): void {
    const from = this.#dragFrom;
    this.#endDrag();
    if (from === undefined || Math.abs(event.clientX - from) < MIN_DRAG) return;
    const [a, b] = [this.#timeAt(from), this.#timeAt(event.clientX)];
    this.zoomTo({ from: Math.min(a, b), to: Math.max(a, b) });
  }

  #endDrag(): void {
    this.#dragFrom = undefined;
    this.#shade.setAttribute('hidden', '');
  }

  /** Shows in words what happened at a time. */
  #read(time: number): void {
    const { start, timeline } = this.#data;
    const at = Math.floor((time - timeline.start) / timeline.step);
    const from = timeline.start + at * timeline.step;
    const seconds = timeline.step / 1e6;
    const traffic = timeline.traffic.map(({ label, bytes, packets }) =>
      this.#metric === 'bits'
        ? `${label} ${rateText(((bytes[at] ?? 0) * 8) / seconds, 'bit/s')}`
        : `${label} ${rateText((packets[at] ?? 0) / seconds, 'packets/s')}`,
    );
    const troubles = timeline.troubles.flatMap(({ label, buckets, counts }) => {
      const index = buckets.indexOf(at);
      return index < 0
        ? []
        : [`${label.toLowerCase()}: ${numberText(Math.ceil(counts[index] ?? 0))}`];
    });
    this.#reading.textContent = [`${utcClockText(start, from)}`, ...traffic, ...troubles].join(
      ' · ',
    );
  }

  #resize(width: number): void {
    if (width === 0 || width === this.#width) return;
    this.#width = width;
    this.#draw();
  }

  #draw(): void {
    const picture = new TimelinePicture(this.#data, {
      span: this.#span,
      metric: this.#metric,
      width: this.#width,
    });
    const { height } = picture;
    this.#picture.setAttribute('viewBox', `0 0 ${this.#width} ${height}`);
    this.#picture.setAttribute('width', String(this.#width));
    this.#picture.setAttribute('height', String(height));
    this.#picture.setAttribute('aria-label', this.#words());
    this.#shade.setAttribute('y', String(MARKS_HEIGHT));
    this.#shade.setAttribute('height', String(picture.bottom - MARKS_HEIGHT));
    this.#picture.replaceChildren(...picture.elements(), this.#shade);
    if (this.#dragFrom === undefined) this.#reading.textContent = this.#spanText();
  }

  #spanText(): string {
    const { from, to } = this.#span;
    const { start } = this.#data;
    return `${utcClockText(start, from)} to ${utcClockText(start, to)} UTC (${spanText(Math.round(to - from))})`;
  }

  #words(): string {
    const troubles = this.#data.timeline.troubles.map(
      ({ label, total }) => `${label}: ${numberText(Math.ceil(total))}`,
    );
    return `Traffic from ${this.#spanText()}. ${troubles.join('. ')}`;
  }
}
