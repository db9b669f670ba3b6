import type { DebuggerRequest } from '../debugger/container.ts';
import { ensureDebugger } from '../debugger/ephemeral.ts';
import { tcpdumpChangesUser } from '../debugger/image.ts';
import { LeasedProcess, type Place } from '../debugger/leasedProcess.ts';
import { explainRefusal } from '../debugger/refusals.ts';
import type { KubeApi } from '../kube/api.ts';
import { ExecProblem } from '../kube/execStatus.ts';
import { run } from '../kube/run.ts';
import { findPod, parseTarget } from '../kube/target.ts';
import type { Output } from '../output/output.ts';
import { PacketCutter } from '../pcap/packetCutter.ts';
import { Problem } from '../problem.ts';
import {
  DELIVERY_DELAY_MS,
  isImmediate,
  type TcpdumpOptions,
  type TcpdumpStatistics,
  tcpdumpCommand,
} from '../tools/tcpdump.ts';
import { type CaptureEnd, captureDirectly, RecorderProblem } from './directCapture.ts';
import { explainRecorder } from './recorderProblems.ts';
import { TextCutter } from './textCutter.ts';

/** Told how a capture goes. */
export interface CaptureProgress {
  note(text: string): void;
  waiting(text: string): void;
  /** Packets are being captured; `now` tells how many so far. */
  capturing(
    listening: string,
    now: () => { packets: number; bytes: number; dropped: number },
  ): void;
}

export interface DirectRecording extends Omit<TcpdumpOptions, 'changesUser'> {
  readonly target: string;
  readonly settings: Pick<DebuggerRequest, 'image' | 'pullPolicy' | 'ttl'>;
  /** Milliseconds. */
  readonly duration?: number;
  /** Bytes of output. */
  readonly maxBytes?: number;
  readonly output: Output;
  /** Ends the capture in order. */
  readonly interrupt: AbortSignal;
  readonly progress: CaptureProgress;
}

export interface CaptureOutcome {
  readonly end: CaptureEnd;
  readonly packets: number;
  readonly bytes: number;
  readonly statistics: Partial<TcpdumpStatistics>;
}

/**
 * Captures one pod's packets straight into an output: finds the pod, gets a debugger into it, runs
 * tcpdump there under a lease. Throws a Problem; what was written until then stays.
 */
export async function recordDirectly(
  api: KubeApi,
  recording: DirectRecording,
): Promise<CaptureOutcome> {
  try {
    return await record(api, recording);
  } catch (error) {
    throw explainRefusal(error, api.access.namespace);
  }
}

async function record(api: KubeApi, recording: DirectRecording): Promise<CaptureOutcome> {
  const { settings, interrupt, progress, output } = recording;
  const { namespace } = api.access;
  const pod = await findPod(api, namespace, parseTarget(recording.target).pod);
  interrupt.throwIfAborted();
  if (pod.spec.hostNetwork)
    progress.note(
      `pod "${pod.metadata.name}" uses its node's network: packets of the whole node are shown`,
    );
  const place = await ensureDebugger(
    api,
    pod,
    { profile: 'network', ...settings },
    { onProgress: (text) => progress.waiting(text), signal: interrupt },
  );
  const options = { ...recording, changesUser: tcpdumpChangesUser(settings.image) };
  const command = tcpdumpCommand(options);
  const recorder = await LeasedProcess.start(api.access, place, { command });

  const packets =
    recording.format === 'pcap'
      ? new PacketCutter(recording.maxBytes)
      : new TextCutter(recording.maxBytes);
  let dropped = 0;
  try {
    const { end, statistics } = await captureDirectly({
      recorder,
      packets,
      output,
      interrupt,
      deliveryDelay: isImmediate(options) ? 0 : DELIVERY_DELAY_MS,
      ...(recording.duration !== undefined && { duration: recording.duration }),
      onListening: (device, linkType) =>
        progress.capturing(
          `capturing on ${device} of pod ${namespace}/${pod.metadata.name} (${linkType})`,
          () => ({ packets: packets.packets, bytes: packets.bytes, dropped }),
        ),
      onStatistics: (now) => {
        dropped = (now.droppedByKernel ?? 0) + (now.droppedByInterface ?? 0);
      },
    });
    return { end, statistics, packets: packets.packets, bytes: packets.bytes };
  } catch (error) {
    throw await explain(error, api, place, recording, packets.bytes);
  }
}

async function explain(
  error: unknown,
  api: KubeApi,
  place: Place,
  { settings, interface: device }: DirectRecording,
  bytes: number,
): Promise<unknown> {
  if (error instanceof RecorderProblem)
    return explainRecorder(error, settings.image, device, () => interfaces(api, place));
  if (error instanceof ExecProblem && bytes > 0)
    return new Problem(`the capture was cut off: ${error.message}`, {
      next: ['what came before is whole and was kept; start the capture again to go on'],
      cause: error,
    });
  return error;
}

/** The interfaces in the pod; empty when they cannot be read. */
async function interfaces(api: KubeApi, place: Place): Promise<string[]> {
  try {
    const { stdout } = await run(api.access, { ...place, command: ['ls', '/sys/class/net'] });
    return stdout.split(/\s+/).filter(Boolean);
  } catch {
    return [];
  }
}
