import type { FindingMark, ReportData, Trouble } from '../model.ts';
import { byId, goTo, svg } from './dom.ts';
import { numberText, rateText, utcClockText } from './format.ts';
import { binValues, niceCeiling, type Span, timeTicks } from './timeScale.ts';

/** The margin at both sides, and the height of the marks of findings at the top. */
export const SIDE_MARGIN = 12;
export const MARKS_HEIGHT = 26;
const TRAFFIC_HEIGHT = 150;
const STRIP_HEIGHT = 40;
const BARS_HEIGHT = 18;
const AXIS_HEIGHT = 24;

export type Metric = 'bits' | 'packets';

/** Draws a span of the timeline. All measures are in pixels. */
export class TimelinePicture {
  readonly #data: ReportData;
  readonly #span: Span;
  readonly #metric: Metric;
  readonly #width: number;
  /** The bottom of the strips, and the height of the whole picture. */
  readonly bottom: number;
  readonly height: number;

  constructor(
    data: ReportData,
    { span, metric, width }: { span: Span; metric: Metric; width: number },
  ) {
    this.#data = data;
    this.#span = span;
    this.#metric = metric;
    this.#width = width;
    this.bottom = MARKS_HEIGHT + TRAFFIC_HEIGHT + data.timeline.troubles.length * STRIP_HEIGHT;
    this.height = this.bottom + AXIS_HEIGHT;
  }

  elements(): SVGElement[] {
    const strips = MARKS_HEIGHT + TRAFFIC_HEIGHT;
    return [
      ...this.#axis(this.bottom),
      ...this.#traffic(),
      ...this.#data.timeline.troubles.flatMap((trouble, index) =>
        this.#strip(trouble, strips + index * STRIP_HEIGHT),
      ),
      ...this.#marks(this.bottom),
    ];
  }

  get #inner(): number {
    return Math.max(50, this.#width - 2 * SIDE_MARGIN);
  }

  #x(time: number): number {
    const { from, to } = this.#span;
    return SIDE_MARGIN + ((time - from) / (to - from)) * this.#inner;
  }

  #axis(bottom: number): SVGElement[] {
    const ticks = timeTicks(this.#span, this.#data.start, Math.max(2, this.#inner / 110));
    return ticks.flatMap(({ at, digits }) => {
      const x = this.#x(at);
      return [
        svg('line', { class: 'grid', x1: x, x2: x, y1: MARKS_HEIGHT, y2: bottom }),
        svg(
          'text',
          {
            class: 'muted',
            x: Math.min(this.#width - 40, Math.max(40, x)),
            y: bottom + 16,
            'text-anchor': 'middle',
          },
          utcClockText(this.#data.start, at, digits),
        ),
      ];
    });
  }

  #traffic(): SVGElement[] {
    const { timeline } = this.#data;
    const { start, step, traffic } = timeline;
    const length = this.#span.to - this.#span.from;
    const bins = Math.max(1, Math.min(Math.floor(this.#inner / 3), Math.ceil(length / step)));
    const perSecond = (this.#metric === 'bits' ? 8 : 1) / (length / bins / 1e6);
    const lines = traffic.map(({ bytes, packets }) =>
      binValues(this.#metric === 'bits' ? bytes : packets, start, step, this.#span, bins).map(
        (value) => value * perSecond,
      ),
    );
    const largest = niceCeiling(
      Math.max(0, ...lines.map((line) => line.reduce((a, b) => Math.max(a, b), 0))),
    );
    const bottom = MARKS_HEIGHT + TRAFFIC_HEIGHT;
    const room = TRAFFIC_HEIGHT - 34;
    const unit = this.#metric === 'bits' ? 'bit/s' : 'packets/s';
    const y = (value: number) => bottom - (value / largest) * room;
    const gridLines: SVGElement[] = [0.5, 1].flatMap((share) => [
      svg('line', {
        class: 'grid',
        x1: SIDE_MARGIN,
        x2: SIDE_MARGIN + this.#inner,
        y1: y(largest * share),
        y2: y(largest * share),
      }),
      svg(
        'text',
        { class: 'muted', x: SIDE_MARGIN + 2, y: y(largest * share) - 3 },
        rateText(largest * share, unit),
      ),
    ]);
    for (const [index, line] of lines.entries()) {
      const color = `series-${(index % 6) + 1}`;
      const points = steps(line, SIDE_MARGIN, this.#inner / bins, y);
      if (lines.length === 1)
        gridLines.push(
          svg('path', { class: `area ${color}`, d: `${points}V${bottom}H${SIDE_MARGIN}Z` }),
        );
      gridLines.push(svg('path', { class: `line ${color}`, d: points }));
    }
    gridLines.push(
      svg('line', {
        class: 'base',
        x1: SIDE_MARGIN,
        x2: SIDE_MARGIN + this.#inner,
        y1: bottom,
        y2: bottom,
      }),
    );
    return [...gridLines, this.#legend()];
  }

  #legend(): SVGElement {
    const { traffic } = this.#data.timeline;
    const legend = svg('text', {
      class: 'legend',
      x: SIDE_MARGIN + this.#inner,
      y: MARKS_HEIGHT + 14,
      'text-anchor': 'end',
    });
    for (const [index, { label }] of traffic.entries())
      legend.append(
        svg('tspan', { class: `series-${(index % 6) + 1}` }, `${index > 0 ? '   ' : ''}■ `),
        svg('tspan', {}, label.length > 40 ? `${label.slice(0, 40)}…` : label),
      );
    return legend;
  }

  /** Draws one kind of trouble: its label, count and times, with bars below. */
  #strip({ kind, label, total, buckets, counts }: Trouble, top: number): SVGElement[] {
    const { start, timeline } = this.#data;
    const { step } = timeline;
    const at = (index: number) => timeline.start + (buckets[index] ?? 0) * step;
    const bottom = top + STRIP_HEIGHT - 2;
    const largest = Math.max(...counts);
    const times = `${utcClockText(start, at(0))} to ${utcClockText(start, at(buckets.length - 1) + step)}`;
    const name = label.length > 70 ? `${label.slice(0, 70)}…` : label;
    const stripElements: SVGElement[] = [
      svg('rect', {
        class: 'lane',
        x: SIDE_MARGIN,
        y: bottom - BARS_HEIGHT,
        width: this.#inner,
        height: BARS_HEIGHT,
      }),
      svg(
        'text',
        { class: `name ${kind}`, x: SIDE_MARGIN, y: top + 15 },
        svg('tspan', { class: 'count' }, `${name}: ${numberText(Math.ceil(total))}`),
        svg('tspan', { class: 'muted' }, `   ${times}`),
      ),
    ];
    const bars = new Map<number, number>();
    for (const [index, count] of counts.entries()) {
      const x = Math.floor(this.#x(at(index) + step / 2) / 2) * 2;
      if (x >= SIDE_MARGIN - 2 && x <= SIDE_MARGIN + this.#inner)
        bars.set(x, (bars.get(x) ?? 0) + count);
    }
    const width = Math.max(
      3,
      Math.min(14, (step / (this.#span.to - this.#span.from)) * this.#inner),
    );
    for (const [x, count] of bars) {
      const size = Math.max(5, Math.min(1, Math.sqrt(count / largest)) * BARS_HEIGHT);
      stripElements.push(
        svg('rect', {
          class: `bar-${kind}`,
          x: x - width / 2,
          y: bottom - size,
          width,
          height: size,
        }),
      );
    }
    return stripElements;
  }

  /** Draws findings at their times, as numbers that link to them. */
  #marks(bottom: number): SVGElement[] {
    const usedPlaces: number[] = [];
    return this.#data.findings.filter(isMarked).flatMap(({ number, severity, from = 0, kind }) => {
      if (from < this.#span.from || from > this.#span.to) return [];
      const x = this.#x(from);
      let place = Math.min(this.#width - 12, Math.max(12, x));
      while (usedPlaces.some((usedPlace) => Math.abs(usedPlace - place) < 22)) place += 22;
      if (place > this.#width - 12) return [];
      usedPlaces.push(place);
      const link = svg(
        'a',
        {
          href: `#finding-${number}`,
          class: `mark ${severity}`,
          'aria-label': `Finding ${number}: ${kind}`,
        },
        svg('circle', { cx: place, cy: 13, r: 10 }),
        svg('text', { x: place, y: 17, 'text-anchor': 'middle' }, String(number)),
        svg('title', {}, `Finding ${number}: ${kind}`),
      );
      link.addEventListener('click', (event) => {
        event.preventDefault();
        goTo(byId(`finding-${number}`));
      });
      return [
        svg('line', {
          class: `moment ${severity}`,
          x1: x,
          x2: x,
          y1: MARKS_HEIGHT - 2,
          y2: bottom,
        }),
        link,
      ];
    });
  }
}

function isMarked({ severity, from }: FindingMark): boolean {
  return severity !== 'info' && from !== undefined;
}

/** The path of a step chart: a horizontal line for each value. */
function steps(
  values: Float64Array,
  left: number,
  width: number,
  y: (value: number) => number,
): string {
  let path = '';
  for (const [index, value] of values.entries())
    path += `${index === 0 ? 'M' : 'V'}${index === 0 ? `${left},` : ''}${y(value).toFixed(1)}H${(left + (index + 1) * width).toFixed(1)}`;
  return path;
}
