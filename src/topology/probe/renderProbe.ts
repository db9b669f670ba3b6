import { type Column, renderTable } from '../../output/table.ts';
import { terminalSafe } from '../../output/terminalSafe.ts';
import type { DeviceLocation } from '../trace/oneWayPath.ts';
import type { ProbedPacket, Sighting } from './followPackets.ts';
import { hopText, type Probe } from './probeFindings.ts';
import { planText } from './probePlan.ts';
import type { ProbeResult } from './runProbe.ts';

interface Row {
  readonly hop: DeviceLocation;
  readonly there?: Sighting;
  readonly back?: Sighting;
}

/** Renders where the probe's packets were seen: the first packet that got furthest, and its answer. */
export function* renderProbe({ main, plainDatagrams: plain }: Probe): Generator<string> {
  yield `\n${terminalSafe(`Probe: ${planText(main.plan)}`)}\n`;
  const sent = furthest(main.packets, 'there');
  const back = furthest(main.packets, 'back');
  const rows = rowsOf(sent, back);
  if (rows.length === 0) yield 'No packet was seen anywhere.\n';
  else yield* renderTable(columns(back !== undefined), rows);
  yield '\n';
  yield `${terminalSafe(summary(main))}\n`;
  for (const { point, why } of main.unwatched)
    yield `${terminalSafe(`unknown: ${hopText(point)} could not be watched: ${why}`)}\n`;
  for (const text of main.messages) yield `${terminalSafe(`Output of the sender: ${text}`)}\n`;
  if (plain !== undefined)
    yield `${terminalSafe(`Then: ${planText(plain.plan)}: ${summary(plain)}`)}\n`;
}

function furthest(
  packets: readonly ProbedPacket[],
  wantedDirection: ProbedPacket['direction'],
): ProbedPacket | undefined {
  return packets
    .filter(({ direction }) => direction === wantedDirection)
    .reduce<ProbedPacket | undefined>(
      (furthestPacket, packet) =>
        furthestPacket !== undefined && furthestPacket.seen.length >= packet.seen.length
          ? furthestPacket
          : packet,
      undefined,
    );
}

function rowsOf(sent: ProbedPacket | undefined, back: ProbedPacket | undefined): Row[] {
  const rows = new Map<string, Row>();
  for (const sighting of sent?.seen ?? [])
    rows.set(hopText(sighting.hop), { hop: sighting.hop, there: sighting });
  // An answer passes the devices in reverse order.
  for (const sighting of (back?.seen ?? []).toReversed()) {
    const key = hopText(sighting.hop);
    rows.set(key, { hop: sighting.hop, ...rows.get(key), back: sighting });
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
        [
          ...(there?.altered ?? []),
          ...(back?.altered ?? []).map((change) => `back: ${change}`),
        ].join(', '),
    },
  ];
}

function timeText(sighting: Sighting | undefined): string {
  if (sighting === undefined) return '-';
  const { atMs, uncertaintyMs } = sighting;
  if (atMs === undefined) return 'seen';
  const uncertainty = uncertaintyMs === undefined ? '' : ` ± ${uncertaintyMs.toFixed(3)}`;
  return `${atMs.toFixed(3)}${uncertainty} ms`;
}

function summary({ packets, leaves }: ProbeResult): string {
  const sent = packets.filter(({ direction }) => direction === 'there');
  const answers = packets.filter(({ direction }) => direction === 'back');
  const lost = sent.filter((packet) => packet.lost !== undefined).length;
  const kinds = [...new Set(answers.map(({ packet }) => packet.replace(/ \d+$/, '')))];
  if (sent.length === 0) return 'nothing was sent';
  const arrived = `${sent.length - lost} of ${sent.length} ${leaves ? 'left the cluster' : 'arrived'}`;
  return answers.length === 0
    ? `${arrived}; no answer was seen`
    : `${arrived}; answered by ${kinds.join(', ')}`;
}
