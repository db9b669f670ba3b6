import { type Column, renderTable } from '../../output/table.ts';
import { terminalSafe } from '../../output/terminalSafe.ts';
import { type DeviceCounters, growthBetween, type PathCounters } from './pathCounters.ts';
import { hopText } from './probeFindings.ts';

interface Row {
  readonly now: DeviceCounters;
  readonly before?: DeviceCounters;
}

/** Renders a reading of the counters, with the changes since the previous one. */
export function* renderCounters(now: PathCounters, before?: PathCounters): Generator<string> {
  const seconds = before === undefined ? 0 : (now.at - before.at) / 1000;
  yield `${new Date(now.at).toISOString()}${before === undefined ? '' : `, after ${seconds.toFixed(1)} s`}\n`;
  const earlier = new Map(before?.devices.map((device) => [hopText(device.where), device]));
  const rows = now.devices.map((device): Row => {
    const previous = earlier.get(hopText(device.where));
    return { now: device, ...(previous && { before: previous }) };
  });
  yield* renderTable(COLUMNS, rows);
  if (before === undefined) return;
  // Drops and errors of devices are already in the table.
  for (const { node, counter, by } of growthBetween(before, now))
    if (!/ (?:rx|tx) (?:errors|dropped|carrier errors)$/.test(counter))
      yield `${terminalSafe(`${node}: ${counter} +${by}`)}\n`;
}

const COLUMNS: readonly Column<Row>[] = [
  { header: 'DEVICE', cell: ({ now }) => hopText(now.where) },
  {
    header: 'STATE',
    cell: ({ now, before }) =>
      before !== undefined && before.state !== now.state
        ? `${before.state ?? '?'} → ${now.state ?? 'gone'}`
        : (now.state ?? '-'),
  },
  { header: 'RX', cell: (row) => changed(row, 'received') },
  { header: 'TX', cell: (row) => changed(row, 'sent') },
  { header: 'DROPPED', cell: (row) => changed(row, 'dropped') },
  { header: 'ERRORS', cell: (row) => changed(row, 'errors') },
];

/** A value and its change: `120 (+3)`. */
function changed({ now, before }: Row, field: 'received' | 'sent' | 'dropped' | 'errors'): string {
  const by = before === undefined ? 0 : now[field] - before[field];
  return by === 0 ? String(now[field]) : `${now[field]} (${by > 0 ? '+' : ''}${by})`;
}
