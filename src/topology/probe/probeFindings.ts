import { findingOf } from '../findings/catalogue.ts';
import type { NetworkFinding } from '../findings/finding.ts';
import type { Where } from '../trace/way.ts';
import type { Growth } from './counters.ts';
import type { ProbedPacket } from './judgeProbe.ts';
import { echoPacketSize, planText } from './probePlan.ts';
import type { ProbeResult } from './runProbe.ts';

/** A probe. If packets of a tunnel were lost between nodes, a plain datagram was sent after it. */
export interface Probe {
  readonly main: ProbeResult;
  readonly plain?: ProbeResult;
}

/** The findings of a probe. `known` are the findings from the tables: a loss is attributed to the nearest error. */
export function probeFindings(
  { main, plain }: Probe,
  known: readonly NetworkFinding[],
): NetworkFinding[] {
  const there = main.packets.filter(({ direction }) => direction === 'there');
  const errors = known.filter(
    ({ severity, causedBy }) => severity === 'error' && causedBy === undefined,
  );
  const explained = (
    finding: NetworkFinding,
    places: readonly (Where | undefined)[],
  ): NetworkFinding => {
    const cause = nearest(errors, places);
    return cause === undefined ? finding : { ...finding, causedBy: cause.kind };
  };
  if (there.length === 0) {
    const evidence = main.said.join('\n') || `sent: ${planText(main.plan)}; seen: nothing`;
    const where = whereSent(main);
    return [explained(findingOf({ kind: 'probe-not-sent', where, evidence, values: {} }), [where])];
  }
  return [
    ...checksums(main.growth),
    ...(main.plan.kind === 'mtu'
      ? tooBig(main).map((finding) => explained(finding, [finding.where]))
      : [
          ...losses(main, plain).map(({ finding, places }) => explained(finding, places)),
          ...silence(main).map((finding) => explained(finding, [finding.where])),
        ]),
  ];
}

/** The finding at one of these devices; otherwise one on their nodes; otherwise the first. */
function nearest(
  findings: readonly NetworkFinding[],
  places: readonly (Where | undefined)[],
): NetworkFinding | undefined {
  const at = (...keys: readonly (keyof Where)[]) =>
    findings.find(({ where }) =>
      places.some((place) => place && keys.every((key) => where[key] === place[key])),
    );
  return at('node', 'netns', 'device') ?? at('node') ?? findings[0];
}

interface Loss {
  readonly finding: NetworkFinding;
  /** The last device that saw the packets, and the first that did not. */
  readonly places: readonly (Where | undefined)[];
}

function whereSent({ unwatched }: ProbeResult): Where {
  const [first] = unwatched;
  return first === undefined ? {} : { node: first.point.node, device: first.point.device };
}

/** Groups packets that were lost at the same place, separately for each direction. */
function losses({ packets, growth }: ProbeResult, plain: ProbeResult | undefined): Loss[] {
  const groups = Map.groupBy(
    packets.filter(({ lost }) => lost !== undefined),
    ({ direction, lost }) => `${direction} ${hopText(lost?.after)} ${hopText(lost?.before)}`,
  );
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first?.lost === undefined) return [];
    const { after, before } = first.lost;
    const all = packets.filter(({ direction }) => direction === first.direction);
    const nodes = [after?.node, before?.node];
    const relevant = growth.filter(({ node }) => nodes.includes(node)).map(growthText);
    const evidence = [
      `${first.packet}: seen at ${hopText(after) || 'no device'}, not at ${hopText(before) || 'any behind it'}`,
      ...(relevant.length > 0 ? [`grew during the probe: ${relevant.slice(0, 8).join(', ')}`] : []),
    ].join('\n');
    const what = first.direction === 'there' ? 'packets' : 'answers';
    const isPlainLost = plain?.packets.some(({ lost }) => lost !== undefined) ?? false;
    const finding = findingOf({
      kind: 'probe-lost',
      where: after ?? before ?? {},
      evidence,
      values: {
        count: String(group.length),
        packets: `${all.length} ${what}`,
        between:
          before === undefined
            ? `behind ${hopText(after)}`
            : `between ${hopText(after) || 'the sender'} and ${hopText(before)}`,
        ...(plain && {
          plain: isPlainLost || plain.packets.length === 0 ? 'lost' : 'arrived',
          port: String(plain.plan.port),
        }),
      },
    });
    return [{ finding, places: [after, before] }];
  });
}

/** Reports a receiver that does not answer, except for UDP, where that is normal. */
function silence({ plan, packets, growth, leaves }: ProbeResult): NetworkFinding[] {
  const [first] = packets;
  const isSilent = packets.every(({ direction, lost }) => direction === 'there' && !lost);
  const last = first?.seen.at(-1);
  if (plan.kind === 'udp' || leaves || !isSilent || first === undefined || last === undefined)
    return [];
  const grown = growth.filter(({ node }) => node === last.hop.node).map(growthText);
  return [
    findingOf({
      kind: 'probe-no-answer',
      where: last.hop,
      evidence: [
        `${first.packet}: last seen at ${hopText(last.hop)}; no answer was seen anywhere`,
        ...(grown.length > 0 ? [`grew during the probe: ${grown.slice(0, 8).join(', ')}`] : []),
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
function checksums(growth: readonly Growth[]): NetworkFinding[] {
  return growth
    .filter(({ counter }) => /^(?:Udp6?|Tcp|IpExt)InCsumErrors$/.test(counter))
    .map((one) =>
      findingOf({
        kind: 'probe-checksum',
        where: { node: one.node, netns: one.netns },
        evidence: growthText(one),
        values: { counter: one.counter, node: one.node, by: String(one.by) },
      }),
    );
}

function tooBig({ plan, packets, said }: ProbeResult): NetworkFinding[] {
  const [sent] = packets.filter(({ direction }) => direction === 'there');
  const answer = packets.find(({ direction }) => direction === 'back');
  const isReply = answer?.packet.startsWith('echo reply') ?? false;
  if (sent === undefined || isReply) return [];
  const reported = /MTU (\d+)/.exec(answer?.packet ?? '') ?? /mtu ?= ?(\d+)/i.exec(said.join('\n'));
  const [reporter] = answer?.seen ?? [];
  return [
    findingOf({
      kind: 'probe-too-big',
      where: sent.lost?.after ?? sent.seen.at(-1)?.hop ?? {},
      evidence: [answer?.packet ?? `${sent.packet}: ${placesText(sent)}`, ...said].join('\n'),
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
export function hopText(where: Where | undefined): string {
  const { node, pod, device } = where ?? {};
  return [node, pod, device].filter((part) => part !== undefined).join(' ');
}

function growthText({ node, counter, by }: Growth): string {
  return `${counter} on ${node} +${by}`;
}

/** The parts of a probe in `-o json`, other than its findings. */
export function probeDocument(probe: Probe | undefined): Readonly<Record<string, unknown>> {
  if (probe === undefined) return {};
  const { packets, growth, unwatched, said } = probe.main;
  return {
    probe: packets,
    probeCounters: growth,
    probeUnwatched: unwatched.map(({ point: { node, netns, device }, why }) => ({
      ...{ node, netns, device, why },
    })),
    probeSaid: said,
    ...(probe.plain && { plainProbe: probe.plain.packets }),
  };
}
