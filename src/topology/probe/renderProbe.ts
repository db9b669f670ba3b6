import { type Column, renderTable } from '../../output/table.ts';
import { terminalSafe } from '../../output/terminalSafe.ts';
import type { Where } from '../trace/way.ts';
import type { ProbedPacket, SeenAt } from './judgeProbe.ts';
import { hopText, type Probe } from './probeFindings.ts';
import { planText } from './probePlan.ts';
import type { ProbeResult } from './runProbe.ts';

interface Row {
  readonly hop: Where;
  readonly there?: SeenAt;
  readonly back?: SeenAt;
}

/** Renders where the probe's packets were seen: the first packet that got furthest, and its answer. */
export function* renderProbe({ main, plain }: Probe): Generator<string> {
  yield `\n${terminalSafe(`Probe: ${planText(main.plan)}`)}\n`;
  const there = furthest(main.packets, 'there');
  const back = furthest(main.packets, 'back');
  const rows = rowsOf(there, back);
  if (rows.length === 0) yield 'No packet was seen anywhere.\n';
  else yield* renderTable(columns(back !== undefined), rows);
  yield '\n';
  yield `${terminalSafe(summary(main))}\n`;
  for (const { point, why } of main.unwatched)
    yield `${terminalSafe(`unknown: ${hopText(point)} could not be watched: ${why}`)}\n`;
  for (const text of main.said) yield `${terminalSafe(`Output of the sender: ${text}`)}\n`;
  if (plain !== undefined)
    yield `${terminalSafe(`Then: ${planText(plain.plan)}: ${summary(plain)}`)}\n`;
}

function furthest(
  packets: readonly ProbedPacket[],
  wanted: ProbedPacket['direction'],
): ProbedPacket | undefined {
  return packets
    .filter(({ direction }) => direction === wanted)
    .reduce<ProbedPacket | undefined>(
      (best, one) => (best !== undefined && best.seen.length >= one.seen.length ? best : one),
      undefined,
    );
}

function rowsOf(there: ProbedPacket | undefined, back: ProbedPacket | undefined): Row[] {
  const rows = new Map<string, Row>();
  for (const seen of there?.seen ?? []) rows.set(hopText(seen.hop), { hop: seen.hop, there: seen });
  // An answer passes the devices in reverse order.
  for (const seen of (back?.seen ?? []).toReversed()) {
    const key = hopText(seen.hop);
    rows.set(key, { hop: seen.hop, ...rows.get(key), back: seen });
  }
  return [...rows.values()];
}

function columns(hasBack: boolean): Column<Row>[] {
  return [
    { header: 'DEVICE', cell: ({ hop }) => hopText(hop) },
    { header: 'THERE', cell: ({ there }) => timeText(there) },
    ...(hasBack ? [{ header: 'BACK', cell: ({ back }: Row) => timeText(back) }] : []),
    {
      header: 'CHANGED',
      cell: ({ there, back }) =>
        [...(there?.altered ?? []), ...(back?.altered ?? []).map((one) => `back: ${one}`)].join(
          ', ',
        ),
    },
  ];
}

function timeText(seen: SeenAt | undefined): string {
  if (seen === undefined) return '-';
  const { atMs, uncertaintyMs } = seen;
  if (atMs === undefined) return 'seen';
  const around = uncertaintyMs === undefined ? '' : ` ± ${uncertaintyMs.toFixed(3)}`;
  return `${atMs.toFixed(3)}${around} ms`;
}

function summary({ packets, leaves }: ProbeResult): string {
  const sent = packets.filter(({ direction }) => direction === 'there');
  const answers = packets.filter(({ direction }) => direction === 'back');
  const lost = sent.filter((one) => one.lost !== undefined).length;
  const kinds = [...new Set(answers.map(({ packet }) => packet.replace(/ \d+$/, '')))];
  if (sent.length === 0) return 'nothing was sent';
  const arrived = `${sent.length - lost} of ${sent.length} ${leaves ? 'left the cluster' : 'arrived'}`;
  return answers.length === 0
    ? `${arrived}; no answer was seen`
    : `${arrived}; answered by ${kinds.join(', ')}`;
}
