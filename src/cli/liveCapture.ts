import { watchAdditions } from '../capture/live/additions.ts';
import type { LiveCapture, LiveOutcome } from '../capture/live/captureTargets.ts';
import { captureTargets } from '../capture/live/captureTargets.ts';
import { Clients } from '../capture/live/clients.ts';
import { FolderSink } from '../capture/sinks/folderSink.ts';
import { MergedSink } from '../capture/sinks/mergedSink.ts';
import { PcapSink } from '../capture/sinks/pcapSink.ts';
import type { Sink } from '../capture/sinks/sink.ts';
import { TextSink } from '../capture/sinks/textSink.ts';
import type { KubeApi } from '../kube/api.ts';
import { hasChangingAddresses } from '../kube/targets/peers.ts';
import { type ResolvedTarget, targetNames } from '../kube/targets/resolvedTarget.ts';
import type { Output } from '../output/output.ts';
import { sum } from '../output/quantities.ts';
import { wrongUsage } from '../problem.ts';
import { earlyEndMoment } from '../timing.ts';
import { createCaptureOutput, type OutputFlags } from './captureOutput.ts';
import { FIXED_PEERS_NOTE, type PlanWithPeers } from './capturePeers.ts';
import { captureProgress } from './captureProgress.ts';
import { note, notify } from './console.ts';
import { chooseDestination, type Destination, isFolderName } from './destination.ts';
import { FORCED_EXIT_CODE, type Interruption } from './interruption.ts';
import { resolveCaptureTargets } from './resolveCaptureTargets.ts';
import { targetLabels } from './targetLabels.ts';
import { targetsWithUnknownDrops, targetTable, unmatchedNotes } from './targetTable.ts';

/**
 * Captures in the foreground, and reports the result for each target. Returns the exit code: 1 if a target could not be
 * captured, lost packets that it had recorded, or ended early. The rest is saved.
 */
export async function captureLive(
  api: KubeApi,
  plan: PlanWithPeers & Pick<LiveCapture, 'earlyExec'>,
  flags: OutputFlags,
  { signal, abandon }: Interruption,
): Promise<number> {
  const progress = captureProgress(plan.format);
  let output: Output | undefined;
  try {
    const isFolder = await isFolderName(flags.write);
    if (isFolder && flags.summary)
      throw wrongUsage(
        `--summary cannot be combined with the folder ${flags.write}`,
        'write to a file: --summary -w web.pcapng',
      );
    if (!isFolder) output = await createCaptureOutput(flags);
    const targets = await resolveCaptureTargets(api, plan, signal, progress.note);
    const nameOf = targetNames(targets);
    const hasSeveralTargets = targets.length > 1 || plan.followPods || plan.withClients;
    const destination = output ? chooseDestination(flags, hasSeveralTargets) : 'a folder';
    const visibleOutput = destination === 'text' && output ? progress.around(output) : output;
    const to = { flags, output: visibleOutput, destination };
    const { sink, path, bytes } = createSink(api, plan, targets, to);
    const outcome = await captureTargets(api, {
      ...plan,
      ...joinOptions(api, plan, targets, destination),
      targets,
      sink,
      nameOf,
      interrupt: signal,
      abandon,
      progress,
    });
    progress.clear();
    const isTable = outcome.targets.length > 1 || plan.followPods;
    const problem = outcome.targets.find((target) => target.problem)?.problem;
    if (problem && !isTable) throw problem;
    if (isTable) for (const line of targetTable(outcome.targets, nameOf)) note(line.trimEnd());
    for (const { target, outcome: { earlyEnd } = {} } of outcome.targets)
      if (earlyEnd) earlyEndMoment(earlyEnd, isTable ? nameOf(target) : undefined);
    const total = totalOutcome(outcome, bytes());
    const unknownDrops = targetsWithUnknownDrops(outcome.targets);
    if (isTable) for (const notice of unmatchedNotes(outcome.targets, nameOf)) notify(notice);
    progress.finish(isTable ? { ...total, unknownDrops } : total, path);
    if (outcome.end === 'abandoned') return FORCED_EXIT_CODE;
    return problem || outcome.targets.some((target) => target.outcome?.earlyEnd) ? 1 : 0;
  } finally {
    // A capture that never started has not closed the output, and an open Wireshark would keep this process alive.
    await output?.close();
    progress.clear();
    await output?.report?.();
  }
}

/** The sources of pods and packets that join later. Empty for a capture that does not change. */
function joinOptions(
  api: KubeApi,
  plan: PlanWithPeers,
  resolved: readonly ResolvedTarget[],
  destination: Destination,
): Pick<LiveCapture, 'additions' | 'clients'> {
  const { targets, peers, followPods, withClients } = plan;
  const hasChangingPeers = peers.some(hasChangingAddresses);
  // A pcap file cannot hold the packets of a second recorder.
  if (hasChangingPeers && destination === 'one pcap') notify(FIXED_PEERS_NOTE);
  const clients = withClients ? new Clients(api, plan.namespace, notify) : undefined;
  if (!followPods && !clients && (!hasChangingPeers || destination === 'one pcap')) return {};
  const sources = { peers, ...(followPods && { targets }), ...(clients && { clients }) };
  const pods = resolved.flatMap(({ pod }) => pod ?? []);
  return {
    additions: (signal) => watchAdditions(api, sources, { ...plan, pods, onNote: notify }, signal),
    ...(clients && { clients }),
  };
}

interface OpenedSink {
  readonly sink: Sink;
  readonly path?: string;
  /** The size of the output in bytes, if it is not the sum of the targets. */
  readonly bytes: () => number | undefined;
}

function createSink(
  api: KubeApi,
  { spec, followPods }: PlanWithPeers,
  targets: readonly ResolvedTarget[],
  to: {
    readonly flags: OutputFlags;
    readonly output: Output | undefined;
    readonly destination: Destination;
  },
): OpenedSink {
  const { flags, output, destination } = to;
  const nameOf = targetNames(targets);
  const path = output?.path !== undefined && { path: output.path };
  const bytes = () => undefined;
  if (!output) {
    const folder = flags.write ?? '';
    return { sink: new FolderSink(folder, flags.force === true, nameOf), path: folder, bytes };
  }
  if (destination === 'text') {
    const isSingle = targets.length === 1 && !followPods;
    const labelOf = isSingle ? () => '' : targetLabels(targets, nameOf);
    return { sink: new TextSink(output, labelOf, spec), bytes };
  }
  if (destination === 'one pcap') return { sink: new PcapSink(output), bytes, ...path };
  const sink = new MergedSink(api.access, output, spec);
  return { sink, bytes: () => sink.bytes, ...path };
}

/** The results of all targets added up. */
function totalOutcome(
  { end, targets }: LiveOutcome,
  bytes: number | undefined,
): Parameters<ReturnType<typeof captureProgress>['finish']>[0] {
  const statistics = targets.map(({ outcome }) => outcome?.statistics ?? {});
  const { earlyEnd, unmatched } = targets[0]?.outcome ?? {};
  const hasStatistics = statistics.some(({ receivedByFilter }) => receivedByFilter !== undefined);
  return {
    end,
    packets: sum(targets.map(({ packets }) => packets)),
    bytes: bytes ?? sum(targets.map((target) => target.bytes)),
    statistics: {
      ...(hasStatistics && {
        receivedByFilter: sum(statistics.map((counts) => counts.receivedByFilter)),
      }),
      droppedByKernel: sum(statistics.map((counts) => counts.droppedByKernel)),
      droppedByInterface: sum(statistics.map((counts) => counts.droppedByInterface)),
    },
    interruptions: sum(targets.map(({ outcome }) => outcome?.interruptions)),
    gaps: targets.flatMap(({ outcome }) => outcome?.gaps ?? []),
    // For several targets, the table and the lines below it contain this.
    ...(targets.length === 1 && earlyEnd && { earlyEnd }),
    ...(targets.length === 1 && unmatched && { unmatched }),
  };
}
