import type { PacketColumns, ReportData } from '../model.ts';
import { ConversationRows, ConversationTable } from './conversations.ts';
import { byId, element, goTo } from './dom.ts';
import { entrySections } from './entryTables.ts';
import { PacketView } from './packetView.ts';
import { TimelineView } from './timeline.ts';

/** The view around a finding adds this share of the finding's length, and at least MIN_MARGIN. Microseconds. */
const MARGIN_SHARE = 0.25;
const MIN_MARGIN = 500_000;

async function start(): Promise<void> {
  const data = await load<ReportData>('report-data');
  const rows = new ConversationRows(data);
  let packets: Promise<PacketColumns> | undefined;
  const view = new PacketView(rows, {
    packets: () => {
      packets ??= load<PacketColumns>('report-packets');
      return packets;
    },
    onClose: () => goTo(byId('conversations')),
  });
  const choose = (row: number) => {
    table.mark(row);
    void view.show(row, true);
  };
  const table = new ConversationTable(rows, {
    onChoose: choose,
    onAllTimes: () => timeline.zoomTo(undefined),
  });
  const timeline = new TimelineView(data, (span) => table.setSpan(span));
  byId('app')?.replaceWith(
    timeline.element,
    table.element,
    view.element,
    ...entrySections(rows, choose),
  );
  addActions(data, timeline, table, choose, (row) => rows.shownRow(row));
  document.documentElement.dataset.ready = 'true';
}

/** Adds buttons to each finding: show its time, list its conversations. */
function addActions(
  { findings }: ReportData,
  timeline: TimelineView,
  table: ConversationTable,
  choose: (row: number) => void,
  shown: (row: number) => number,
): void {
  for (const { number, from, to, rows } of findings) {
    const actions = byId(`finding-${number}`)?.querySelector<HTMLElement>('.actions');
    if (!actions) continue;
    const add = (text: string, onclick: () => void) =>
      actions.append(element('button', { type: 'button', onclick }, text));
    if (from !== undefined)
      add('Show in timeline', () => {
        const margin = Math.max(MIN_MARGIN, ((to ?? from) - from) * MARGIN_SHARE);
        timeline.zoomTo({ from: from - margin, to: (to ?? from) + margin });
        goTo(byId('timeline'));
      });
    const shownRows = [...new Set(rows.map((row) => shown(row)))];
    const [first] = shownRows;
    if (first === undefined) continue;
    add(
      shownRows.length === 1 ? 'Show the packets' : `Show the ${shownRows.length} conversations`,
      () => {
        if (shownRows.length === 1) return choose(first);
        table.setFinding(number, shownRows);
        goTo(byId('conversations'));
      },
    );
    if (shownRows.length > 1) add('Show packets of the first connection', () => choose(first));
    actions.hidden = false;
  }
}

start().catch((error: unknown) => {
  byId('app')?.replaceChildren(
    element(
      'section',
      {},
      element(
        'p',
        { class: 'error-text' },
        `This file cannot be shown: ${String(error)}. It may be damaged, or the browser may be too old.`,
      ),
    ),
  );
});

/** Loads the compressed JSON in the element with this id. */
async function load<Content>(id: string): Promise<Content> {
  const encoded = atob(document.getElementById(id)?.textContent ?? '');
  const bytes = new Uint8Array(encoded.length);
  for (let at = 0; at < encoded.length; at++) bytes[at] = encoded.charCodeAt(at);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  return (await new Response(stream).json()) as Content;
}
