import type { LiveCapture, LiveOutcome } from '../capture/live/captureTargets.ts';
import { captureTargets } from '../capture/live/captureTargets.ts';
import { Clients } from '../capture/live/clients.ts';
import { joining } from '../capture/live/joining.ts';
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
import { captureOutput, type OutputArguments } from './captureOutput.ts';
import { FIXED_PEERS, type PlanWithPeers } from './capturePeers.ts';
import { captureProgress } from './captureProgress.ts';
import { note, notify } from './console.ts';
import { type Destination, destinationOf, namesFolder } from './destination.ts';
import { foundTargets } from './foundTargets.ts';
import { FORCED_EXIT, type Interruption } from './interruption.ts';
import { targetLabels } from './targetLabels.ts';
import { targetsWithUnknownDrops, targetTable, unmatchedNotes } from './targetTable.ts';

/**
 * Captures in the foreground, and reports the result for each target. Returns the exit code: 1 if a target could not be
 * captured, lost packets that it had recorded, or ended early. The rest is saved.
 */
export async function captureLive(
  api: KubeApi,
  plan: PlanWithPeers & Pick<LiveCapture, 'early'>,
  flags: OutputArguments,
  { signal, abandon }: Interruption,
): Promise<number> {
  const progress = captureProgress(plan.format);
  let output: Output | undefined;
  try {
    const isFolder = await namesFolder(flags.write);
    if (isFolder && flags.summary)
      throw wrongUsage(
        `--summary cannot be combined with the folder ${flags.write}`,
        'write to a file: --summary -w web.pcapng',
      );
    if (!isFolder) output = await captureOutput(flags);
    const targets = await foundTargets(api, plan, signal, progress.note);
    const nameOf = targetNames(targets);
    const takesSeveral = targets.length > 1 || plan.waits || plan.withClients;
    const destination = output ? destinationOf(flags, takesSeveral) : 'a folder';
    const shown = destination === 'text' && output ? progress.around(output) : output;
    const to = { flags, output: shown, destination };
    const { sink, path, bytes } = sinkOf(api, plan, targets, to);
    const outcome = await captureTargets(api, {
      ...plan,
      ...joiningOf(api, plan, targets, destination),
      targets,
      sink,
      nameOf,
      interrupt: signal,
      abandon,
      progress,
    });
    progress.clear();
    const isTable = outcome.targets.length > 1 || plan.waits;
    const problem = outcome.targets.find((target) => target.problem)?.problem;
    if (problem && !isTable) throw problem;
    if (isTable) for (const line of targetTable(outcome.targets, nameOf)) note(line.trimEnd());
    for (const { found, outcome: { early } = {} } of outcome.targets)
      if (early) earlyEndMoment(early, isTable ? nameOf(found) : undefined);
    const whole = sumOf(outcome, bytes());
    const unknownDrops = targetsWithUnknownDrops(outcome.targets);
    if (isTable) for (const line of unmatchedNotes(outcome.targets, nameOf)) note(line);
    progress.finish(isTable ? { ...whole, unknownDrops } : whole, path);
    if (outcome.end === 'abandoned') return FORCED_EXIT;
    return problem || outcome.targets.some((target) => target.outcome?.early) ? 1 : 0;
  } finally {
    // A capture that never started has not closed the output, and an open Wireshark would keep this process alive.
    await output?.close();
    progress.clear();
    await output?.report?.();
  }
}

/** The sources of pods and packets that join later. Empty for a capture that does not change. */
function joiningOf(
  api: KubeApi,
  plan: PlanWithPeers,
  found: readonly ResolvedTarget[],
  destination: Destination,
): Pick<LiveCapture, 'joining' | 'clients'> {
  const { targets, peers, waits, withClients } = plan;
  const isChanging = peers.some(hasChangingAddresses);
  // A pcap file cannot hold the packets of a second recorder.
  if (isChanging && destination === 'one pcap') notify(FIXED_PEERS);
  const clients = withClients ? new Clients(api, plan.namespace, notify) : undefined;
  if (!waits && !clients && (!isChanging || destination === 'one pcap')) return {};
  const sources = { peers, ...(waits && { targets }), ...(clients && { clients }) };
  const pods = found.flatMap(({ pod }) => pod ?? []);
  return {
    joining: (signal) => joining(api, sources, { ...plan, pods, onNote: notify }, signal),
    ...(clients && { clients }),
  };
}

interface Opened {
  readonly sink: Sink;
  readonly path?: string;
  /** The size of the output in bytes, if it is not the sum of the targets. */
  readonly bytes: () => number | undefined;
}

function sinkOf(
  api: KubeApi,
  { spec, waits }: PlanWithPeers,
  targets: readonly ResolvedTarget[],
  to: {
    readonly flags: OutputArguments;
    readonly output: Output | undefined;
    readonly destination: Destination;
  },
): Opened {
  const { flags, output, destination } = to;
  const nameOf = targetNames(targets);
  const path = output?.path !== undefined && { path: output.path };
  const bytes = () => undefined;
  if (!output) {
    const folder = flags.write ?? '';
    return { sink: new FolderSink(folder, flags.force === true, nameOf), path: folder, bytes };
  }
  if (destination === 'text') {
    const isAlone = targets.length === 1 && !waits;
    const labelOf = isAlone ? () => '' : targetLabels(targets, nameOf);
    return { sink: new TextSink(output, labelOf, spec), bytes };
  }
  if (destination === 'one pcap') return { sink: new PcapSink(output), bytes, ...path };
  const sink = new MergedSink(api.access, output, spec);
  return { sink, bytes: () => sink.bytes, ...path };
}

/** The results of all targets added up. */
function sumOf(
  { end, targets }: LiveOutcome,
  bytes: number | undefined,
): Parameters<ReturnType<typeof captureProgress>['finish']>[0] {
  const statistics = targets.map(({ outcome }) => outcome?.statistics ?? {});
  const { early, unmatched } = targets[0]?.outcome ?? {};
  const known = statistics.some(({ receivedByFilter }) => receivedByFilter !== undefined);
  return {
    end,
    packets: sum(targets.map(({ packets }) => packets)),
    bytes: bytes ?? sum(targets.map((target) => target.bytes)),
    statistics: {
      ...(known && { receivedByFilter: sum(statistics.map((one) => one.receivedByFilter)) }),
      droppedByKernel: sum(statistics.map((one) => one.droppedByKernel)),
      droppedByInterface: sum(statistics.map((one) => one.droppedByInterface)),
    },
    interruptions: sum(targets.map(({ outcome }) => outcome?.interruptions)),
    gaps: targets.flatMap(({ outcome }) => outcome?.gaps ?? []),
    // For several targets, the table and the lines below it contain this.
    ...(targets.length === 1 && early && { early }),
    ...(targets.length === 1 && unmatched && { unmatched }),
  };
}
