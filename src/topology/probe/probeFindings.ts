import { findingOf } from '../findings/catalogue.ts';
import type { NetworkFinding } from '../findings/finding.ts';
import type { DeviceLocation } from '../trace/oneWayPath.ts';
import type { Growth } from './counters.ts';
import type { ProbedPacket } from './followPackets.ts';
import { echoPacketSize, planText } from './probePlan.ts';
import type { ProbeResult } from './runProbe.ts';

/** A probe. If packets of a tunnel were lost between nodes, a plain datagram was sent after it. */
export interface Probe {
  readonly main: ProbeResult;
  readonly plainDatagrams?: ProbeResult;
}

/** The findings of a probe. `known` are the findings from the tables: a loss is attributed to the nearest error. */
export function probeFindings(
  { main, plainDatagrams: plain }: Probe,
  tableFindings: readonly NetworkFinding[],
): NetworkFinding[] {
  const sentPackets = main.packets.filter(({ direction }) => direction === 'there');
  const errors = tableFindings.filter(
    ({ severity, causedBy }) => severity === 'error' && causedBy === undefined,
  );
  const withCause = (
    finding: NetworkFinding,
    places: readonly (DeviceLocation | undefined)[],
  ): NetworkFinding => {
    const cause = nearestFinding(errors, places);
    return cause === undefined ? finding : { ...finding, causedBy: cause.kind };
  };
  if (sentPackets.length === 0) {
    const evidence = main.messages.join('\n') || `sent: ${planText(main.plan)}; seen: nothing`;
    const where = senderLocation(main);
    return [withCause(findingOf({ kind: 'probe-not-sent', where, evidence, values: {} }), [where])];
  }
  return [
    ...checksumFindings(main.growth),
    ...(main.plan.kind === 'mtu'
      ? packetTooBigFindings(main).map((finding) => withCause(finding, [finding.where]))
      : [
          ...findLosses(main, plain).map(({ finding, places }) => withCause(finding, places)),
          ...findSilence(main).map((finding) => withCause(finding, [finding.where])),
        ]),
  ];
}

/** The finding at one of these devices; otherwise one on their nodes; otherwise the first. */
function nearestFinding(
  findings: readonly NetworkFinding[],
  places: readonly (DeviceLocation | undefined)[],
): NetworkFinding | undefined {
  const findAt = (...keys: readonly (keyof DeviceLocation)[]) =>
    findings.find(({ where }) =>
      places.some((place) => place && keys.every((key) => where[key] === place[key])),
    );
  return findAt('node', 'netns', 'device') ?? findAt('node') ?? findings[0];
}

interface Loss {
  readonly finding: NetworkFinding;
  /** The last device that saw the packets, and the first that did not. */
  readonly places: readonly (DeviceLocation | undefined)[];
}

function senderLocation({ unwatched }: ProbeResult): DeviceLocation {
  const [first] = unwatched;
  return first === undefined ? {} : { node: first.point.node, device: first.point.device };
}

/** Groups packets that were lost at the same place, separately for each direction. */
function findLosses(
  { packets, growth }: ProbeResult,
  plainDatagrams: ProbeResult | undefined,
): Loss[] {
  const groups = Map.groupBy(
    packets.filter(({ lost }) => lost !== undefined),
    ({ direction, lost }) => `${direction} ${hopText(lost?.after)} ${hopText(lost?.before)}`,
  );
  return [...groups.values()].flatMap((lostPackets) => {
    const [first] = lostPackets;
    if (first?.lost === undefined) return [];
    const { after, before } = first.lost;
    const sentInDirection = packets.filter(({ direction }) => direction === first.direction);
    const nodes = [after?.node, before?.node];
    const relevant = growth.filter(({ node }) => nodes.includes(node)).map(growthText);
    const evidence = [
      `${first.packet}: seen at ${hopText(after) || 'no device'}, not at ${hopText(before) || 'any behind it'}`,
      ...(relevant.length > 0 ? [`grew during the probe: ${relevant.slice(0, 8).join(', ')}`] : []),
    ].join('\n');
    const noun = first.direction === 'there' ? 'packets' : 'answers';
    const isPlainLost = plainDatagrams?.packets.some(({ lost }) => lost !== undefined) ?? false;
    const finding = findingOf({
      kind: 'probe-lost',
      where: after ?? before ?? {},
      evidence,
      values: {
        count: String(lostPackets.length),
        packets: `${sentInDirection.length} ${noun}`,
        between:
          before === undefined
            ? `behind ${hopText(after)}`
            : `between ${hopText(after) || 'the sender'} and ${hopText(before)}`,
        ...(plainDatagrams && {
          plain: isPlainLost || plainDatagrams.packets.length === 0 ? 'lost' : 'arrived',
          port: String(plainDatagrams.plan.port),
        }),
      },
    });
    return [{ finding, places: [after, before] }];
  });
}

/** Reports a receiver that does not answer, except for UDP, where that is normal. */
function findSilence({ plan, packets, growth, leaves }: ProbeResult): NetworkFinding[] {
  const [first] = packets;
  const isSilent = packets.every(({ direction, lost }) => direction === 'there' && !lost);
  const last = first?.seen.at(-1);
  if (plan.kind === 'udp' || leaves || !isSilent || first === undefined || last === undefined)
    return [];
  const relevant = growth.filter(({ node }) => node === last.hop.node).map(growthText);
  return [
    findingOf({
      kind: 'probe-no-answer',
      where: last.hop,
      evidence: [
        `${first.packet}: last seen at ${hopText(last.hop)}; no answer was seen anywhere`,
        ...(relevant.length > 0
          ? [`grew during the probe: ${relevant.slice(0, 8).join(', ')}`]
          : []),
      ].join('\n'),
      values: {
        packets: `${packets.length} packets`,
        place: hopText(last.hop),
        ...(last.hop.pod !== undefined && first.seen.length > 1 && { arrived: 'yes' }),
      },
    }),
  ];
}

/** Checksum errors are only a finding if a kernel counter grew during the probe. */
function checksumFindings(growth: readonly Growth[]): NetworkFinding[] {
  return growth
    .filter(({ counter }) => /^(?:Udp6?|Tcp|IpExt)InCsumErrors$/.test(counter))
    .map((counter) =>
      findingOf({
        kind: 'probe-checksum',
        where: { node: counter.node, netns: counter.netns },
        evidence: growthText(counter),
        values: { counter: counter.counter, node: counter.node, by: String(counter.by) },
      }),
    );
}

function packetTooBigFindings({ plan, packets, messages }: ProbeResult): NetworkFinding[] {
  const [sentPacket] = packets.filter(({ direction }) => direction === 'there');
  const answer = packets.find(({ direction }) => direction === 'back');
  const isReply = answer?.packet.startsWith('echo reply') ?? false;
  if (sentPacket === undefined || isReply) return [];
  const reported =
    /MTU (\d+)/.exec(answer?.packet ?? '') ?? /mtu ?= ?(\d+)/i.exec(messages.join('\n'));
  const [reporter] = answer?.seen ?? [];
  return [
    findingOf({
      kind: 'probe-too-big',
      where: sentPacket.lost?.after ?? sentPacket.seen.at(-1)?.hop ?? {},
      evidence: [
        answer?.packet ?? `${sentPacket.packet}: ${placesText(sentPacket)}`,
        ...messages,
      ].join('\n'),
      values: {
        bytes: String(echoPacketSize(plan)),
        ...(reported?.[1] !== undefined && { mtu: reported[1] }),
        reporter: hopText(reporter?.hop) || 'the kernel of the sender',
      },
    }),
  ];
}

function placesText({ seen }: ProbedPacket): string {
  return seen.length === 0
    ? 'not seen'
    : `seen at ${seen.map(({ hop }) => hopText(hop)).join(', ')}`;
}

/** A device in words: node, pod, name. */
export function hopText(where: DeviceLocation | undefined): string {
  const { node, pod, device } = where ?? {};
  return [node, pod, device].filter((part) => part !== undefined).join(' ');
}

function growthText({ node, counter, by }: Growth): string {
  return `${counter} on ${node} +${by}`;
}

/** The parts of a probe in `-o json`, other than its findings. */
export function probeDocument(probe: Probe | undefined): Readonly<Record<string, unknown>> {
  if (probe === undefined) return {};
  const { packets, growth, unwatched, messages } = probe.main;
  return {
    probe: packets,
    probeCounters: growth,
    probeUnwatched: unwatched.map(({ point: { node, netns, device }, why }) => ({
      ...{ node, netns, device, why },
    })),
    probeSaid: messages,
    ...(probe.plainDatagrams && { plainProbe: probe.plainDatagrams.packets }),
  };
}
