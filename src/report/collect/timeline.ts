import type { CaptureInterface } from '../../reading/captureInterface.ts';
import type { TroubleKind } from '../model.ts';
import { TimeGrid } from './timeGrid.ts';

/** How many interfaces have a line of their own; the others share one. */
const MAX_LINES = 6;
/** How many pairs of points have a strip of their own. */
const MAX_STRIPS = 12;

interface TrafficSeries {
  /** The interfaces that share this line. */
  readonly labels: string[];
  readonly packets: number;
  readonly bytes: number;
}

interface TroubleSeries {
  readonly kind: TroubleKind;
  readonly label: string;
  readonly series: number;
  total: number;
}

const WORDS: Readonly<Record<'repeated' | 'reset' | 'failed', string>> = {
  repeated: 'Sent again (retransmissions)',
  reset: 'Connections reset',
  failed: 'Failed requests and connections',
};

const OTHERS: Readonly<Record<TroubleKind, string>> = {
  ...WORDS,
  lost: 'Lost between points',
  dropped: 'Not captured',
};

/** Traffic and trouble over time. */
export class TimelineCollector {
  readonly grid = new TimeGrid();
  readonly #traffic = new Map<number, TrafficSeries>();
  readonly #troubles = new Map<string, TroubleSeries>();
  /** By interface: the times of its first packet since the last report of drops, and of its last packet. */
  readonly #spans = new Map<number, { from: number; to: number }>();

  get traffic(): readonly TrafficSeries[] {
    return [...new Set(this.#traffic.values())];
  }

  get troubles(): readonly TroubleSeries[] {
    return [...this.#troubles.values()];
  }

  addFrame(on: CaptureInterface, time: number, length: number): void {
    const { packets, bytes } = this.#trafficOf(on);
    this.grid.add(packets, time, 1);
    this.grid.add(bytes, time, length);
    const span = this.#spans.get(on.index);
    if (!span) this.#spans.set(on.index, { from: time, to: time });
    else if (time > span.to) span.to = time;
  }

  addTrouble(kind: 'repeated' | 'reset' | 'failed', time: number): void {
    this.#add(kind, WORDS[kind], kind, time, 1);
  }

  addLost(from: CaptureInterface, to: CaptureInterface, time: number): void {
    const key = `lost ${from.index} ${to.index}`;
    this.#add('lost', `Lost from ${from.label} to ${to.label}`, key, time, 1);
  }

  /** Spreads the drops over the time since the last report, because their exact times are not known. */
  addDropped(on: CaptureInterface, packets: number): void {
    const span = this.#spans.get(on.index);
    if (!span) return;
    const { step } = this.grid;
    const buckets = Math.max(1, Math.ceil((span.to - span.from) / step));
    for (let at = 0; at < buckets; at++)
      this.#add(
        'dropped',
        `Not captured at ${on.label}`,
        `dropped ${on.index}`,
        Math.min(span.to, span.from + at * step),
        packets / buckets,
      );
    this.#spans.delete(on.index);
  }

  #trafficOf(on: CaptureInterface): TrafficSeries {
    const existing = this.#traffic.get(on.index);
    if (existing) return existing;
    const lines = this.traffic;
    const shared = lines.length >= MAX_LINES ? lines[MAX_LINES - 1] : undefined;
    const line = shared ?? {
      labels: [],
      packets: this.grid.addSeries(),
      bytes: this.grid.addSeries(),
    };
    line.labels.push(on.label);
    this.#traffic.set(on.index, line);
    return line;
  }

  #add(kind: TroubleKind, label: string, key: string, time: number, amount: number): void {
    let trouble = this.#troubles.get(key);
    if (!trouble) {
      if (this.#troubles.size >= MAX_STRIPS && key !== kind) {
        this.#add(kind, `${OTHERS[kind]} elsewhere`, kind, time, amount);
        return;
      }
      trouble = { kind, label, series: this.grid.addSeries(), total: 0 };
      this.#troubles.set(key, trouble);
    }
    trouble.total += amount;
    this.grid.add(trouble.series, time, amount);
  }
}
