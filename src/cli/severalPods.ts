import type { SeveralOutcome, SeveralRecording } from '../capture/live/captureTargets.ts';
import { captureSeveral } from '../capture/live/captureTargets.ts';
import { Clients } from '../capture/live/clients.ts';
import { joining } from '../capture/live/joining.ts';
import { FolderSink } from '../capture/sinks/folderSink.ts';
import { MergedSink } from '../capture/sinks/mergedSink.ts';
import type { Sink } from '../capture/sinks/sink.ts';
import { TextSink } from '../capture/sinks/textSink.ts';
import type { CaptureFilter } from '../filters/capture/captureFilter.ts';
import type { KubeApi } from '../kube/api.ts';
import type { Pod } from '../kube/pod.ts';
import type { Target } from '../kube/targets/parseTargets.ts';
import { canMove, type Peer } from '../kube/targets/peers.ts';
import { FileOutput } from '../output/fileOutput.ts';
import type { Output } from '../output/output.ts';
import { sum } from '../output/quantities.ts';
import type { OutputArguments } from './captureOutput.ts';
import { captureProgress } from './captureProgress.ts';
import { note } from './console.ts';
import type { Destination } from './destination.ts';
import { FORCED_EXIT, type Interruption } from './interruption.ts';
import { podLabels } from './podLabels.ts';
import { podNames } from './podNames.ts';
import { podTable } from './podTable.ts';

type Given = 'sink' | 'nameOf' | 'interrupt' | 'abandon' | 'progress' | 'joining' | 'clients';

/** What the flags of the command say of a capture of several pods. */
export interface SeveralRequest extends Omit<SeveralRecording, Given> {
  readonly targets: readonly Target[];
  readonly peers: readonly Peer[];
  /** What `peerTerms` gave for the peers. */
  readonly peerTerms: readonly string[];
  /** The filter without the peers. */
  readonly ownFilter: CaptureFilter;
  /** Pods that call those captured join. */
  readonly withClients: boolean;
  readonly destination: Destination;
  /** Absent for a folder. */
  readonly output: Output | undefined;
}

/**
 * Captures several pods at once and says what became of each. Gives the exit code: 1 when a pod could
 * not be captured, or lost packets that it had recorded; all the rest is saved then, too.
 */
export async function captureSeveralPods(
  api: KubeApi,
  request: SeveralRequest,
  flags: OutputArguments,
  { signal, abandon }: Interruption,
): Promise<number> {
  const progress = captureProgress(request.format);
  const { pods } = request;
  const nameOf = podNames(pods);
  try {
    const { sink, path, bytes } = sinkOf(api, request, flags, nameOf, progress);
    const outcome = await captureSeveral(api, {
      ...request,
      ...joiningOf(api, request, progress.note),
      sink,
      nameOf,
      interrupt: signal,
      abandon,
      progress,
    });
    progress.clear();
    const isTable = outcome.pods.length > 1 || request.waits;
    if (isTable) for (const line of podTable(outcome.pods, nameOf)) note(line.trimEnd());
    progress.finish(sumOf(outcome, bytes(), abandon.aborted), path);
    const problem = outcome.pods.find((pod) => pod.problem)?.problem;
    if (problem && !isTable) throw problem;
    if (abandon.aborted) return FORCED_EXIT;
    return problem ? 1 : 0;
  } finally {
    progress.clear();
  }
}

/** Where pods and packets that join come from; nowhere, for a capture that stays as it is. */
function joiningOf(
  api: KubeApi,
  request: SeveralRequest,
  onNote: (text: string) => void,
): Pick<SeveralRecording, 'joining' | 'clients'> {
  const { targets, peers, waits, withClients } = request;
  const clients = withClients ? new Clients(api, onNote) : undefined;
  if (!waits && !clients && !peers.some(canMove)) return {};
  const sources = { peers, ...(waits && { targets }), ...(clients && { clients }) };
  return {
    joining: (signal) => joining(api, sources, { ...request, onNote }, signal),
    ...(clients && { clients }),
  };
}

interface Opened {
  readonly sink: Sink;
  readonly path?: string;
  /** Bytes of the output, where they are not those of the pods. */
  readonly bytes: () => number | undefined;
}

function sinkOf(
  api: KubeApi,
  request: SeveralRequest,
  flags: OutputArguments,
  nameOf: (pod: Pod) => string,
  progress: ReturnType<typeof captureProgress>,
): Opened {
  const { spec, pods, waits, destination, output } = request;
  if (!output) {
    const folder = flags.write ?? '';
    const sink = new FolderSink(folder, flags.force === true, nameOf);
    return { sink, path: folder, bytes: () => undefined };
  }
  if (destination === 'text') {
    const isAlone = pods.length === 1 && !waits;
    const labelOf = isAlone ? () => '' : podLabels(pods, nameOf);
    const sink = new TextSink(progress.around(output), labelOf, spec);
    return { sink, bytes: () => undefined };
  }
  const sink = new MergedSink(api.access, output, spec);
  return {
    sink,
    bytes: () => sink.bytes,
    ...(output instanceof FileOutput && { path: output.path }),
  };
}

/** All pods as if they were one. */
function sumOf(
  { end, pods }: SeveralOutcome,
  bytes: number | undefined,
  abandoned: boolean,
): Parameters<ReturnType<typeof captureProgress>['finish']>[0] {
  const statistics = pods.map((pod) => pod.outcome?.statistics ?? {});
  const known = statistics.some(({ receivedByFilter }) => receivedByFilter !== undefined);
  return {
    end: abandoned ? 'abandoned' : end,
    packets: sum(pods.map(({ packets }) => packets)),
    bytes: bytes ?? sum(pods.map((pod) => pod.bytes)),
    statistics: {
      ...(known && { receivedByFilter: sum(statistics.map((one) => one.receivedByFilter)) }),
      droppedByKernel: sum(statistics.map((one) => one.droppedByKernel)),
      droppedByInterface: sum(statistics.map((one) => one.droppedByInterface)),
    },
    interruptions: sum(pods.map((pod) => pod.outcome?.interruptions)),
    gaps: pods.flatMap((pod) => pod.outcome?.gaps ?? []),
  };
}
