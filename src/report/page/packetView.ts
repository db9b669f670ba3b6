import { bytesText } from '../../output/quantities.ts';
import type { JoinedPoints, PacketColumns } from '../model.ts';
import type { ConversationRows } from './conversations.ts';
import { element, goTo } from './dom.ts';
import { numberText, spanText, stateText, utcClockText } from './format.ts';
import { mergePoints } from './mergePoints.ts';
import { packetsOf } from './packets.ts';
import { lossText, sequenceDiagram } from './sequence.ts';

/** The selected conversation: its facts, and its packets in a sequence diagram. */
export class PacketView {
  readonly element = element('section', {
    id: 'packets',
    'aria-labelledby': 'packets-title',
    hidden: true,
  });
  readonly #rows: ConversationRows;
  readonly #packets: () => Promise<PacketColumns>;
  readonly #joined = new Map<number, JoinedPoints>();
  readonly #onClose: () => void;
  #shown = -1;

  constructor(
    rows: ConversationRows,
    { packets, onClose }: { packets: () => Promise<PacketColumns>; onClose: () => void },
  ) {
    this.#rows = rows;
    this.#packets = packets;
    this.#onClose = onClose;
    for (const joined of rows.data.joined)
      for (const row of joined.rows) this.#joined.set(row, joined);
  }

  async show(row: number, moves: boolean): Promise<void> {
    this.#shown = row;
    const columns = await this.#packets();
    // The user has selected another conversation in the meantime.
    if (this.#shown !== row) return;
    const content = this.#content(row, columns);
    this.element.replaceChildren(...content);
    this.element.hidden = false;
    if (moves) goTo(this.element);
  }

  close(): void {
    this.#shown = -1;
    this.element.hidden = true;
    this.#onClose();
  }

  #content(row: number, columns: PacketColumns): HTMLElement[] {
    const rows = this.#rows;
    const joined = this.#joined.get(row) ?? { rows: [row], clocks: [0] };
    const first = joined.rows[0] ?? row;
    const last = joined.rows.at(-1) ?? row;
    const origin = rows.starts[first] ?? 0;
    const points = joined.rows.map((pointRow, index) => ({
      packets: packetsOf(columns, rows.packetsAt[pointRow] ?? 0, rows.number('kept', pointRow)),
      offset: (rows.starts[pointRow] ?? 0) - (joined.clocks[index] ?? 0) - origin,
    }));
    const packets = mergePoints(points);
    const diagram = sequenceDiagram({
      protocol: rows.text('protocol', row),
      client: rows.end('client', first),
      server: rows.end('server', last),
      points: joined.rows.map((pointRow) => rows.placeName(pointRow)),
      packets,
      skippedAtEnd: joined.rows.length > 1 ? 0 : rows.number('rest', row),
      start: rows.data.start,
      offset: origin,
    });
    const problem = diagram.querySelector('#first-problem');
    const isJoined = joined.rows.length > 1;
    return [
      element(
        'h2',
        { id: 'packets-title' },
        `${rows.end('client', first)} → ${rows.end('server', last)}`,
      ),
      element('p', {}, this.#facts(row, isJoined, lossText(packets))),
      element(
        'div',
        { class: 'controls' },
        element(
          'button',
          {
            type: 'button',
            disabled: problem === null,
            onclick: () => scrollWithin(diagram, problem),
          },
          problem === null ? 'No problems in these packets' : 'Go to the first problem',
        ),
        element('button', { type: 'button', onclick: () => this.close() }, 'Close'),
      ),
      diagram,
      element(
        'p',
        { class: 'muted' },
        isJoined
          ? `Captured at ${joined.rows.map((pointRow) => rows.placeName(pointRow)).join(' and ')}: each arrow goes from where a packet was seen to where it arrived, by the clock of ${rows.placeName(first)}. A cross marks a packet that never arrived.`
          : 'As seen at the point of capture. Times are those of the capture.',
      ),
    ];
  }

  #facts(row: number, isJoined: boolean, loss: string): string {
    const rows = this.#rows;
    const { start } = rows.data;
    return [
      rows.text('protocol', row).toUpperCase(),
      rows.text('what', row),
      stateText(rows.text('state', row)),
      isJoined || rows.data.interfaces.length < 2 ? '' : `captured at ${rows.placeName(row)}`,
      `${utcClockText(start, rows.starts[row] ?? 0)} for ${spanText(rows.number('duration', row))}`,
      `${numberText(rows.number('clientPackets', row))} packets (${bytesText(rows.number('clientBytes', row))}) sent, ${numberText(rows.number('serverPackets', row))} (${bytesText(rows.number('serverBytes', row))}) received`,
      rows.troubles(row),
      rows.number('lost', row) > 0 ? '' : loss,
    ]
      .filter(Boolean)
      .join(' · ');
  }
}

function scrollWithin(box: HTMLElement, target: Element | null): void {
  if (!target) return;
  const offset = target.getBoundingClientRect().top - box.getBoundingClientRect().top;
  box.scrollTop += offset - box.clientHeight / 3;
}
