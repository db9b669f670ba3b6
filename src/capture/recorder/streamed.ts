import type { Debugger } from '../../debugger/debugger.ts';
import { tcpdumpChangesUser } from '../../debugger/image.ts';
import { LeasedProcess, type Program } from '../../debugger/leasedProcess.ts';
import { showWaiting } from '../../debugger/startWait.ts';
import { tcpPortsInFilter } from '../../filters/capture/ports.ts';
import type { KubeApi } from '../../kube/api.ts';
import { ExecProblem } from '../../kube/execStatus.ts';
import { countText } from '../../output/quantities.ts';
import { PacketCutter } from '../../pcap/packetCutter.ts';
import { Problem } from '../../problem.ts';
import { DELIVERY_DELAY_MS, isImmediate, tcpdumpCommand } from '../../tools/tcpdump.ts';
import type { RecorderSpec } from '../spec.ts';
import observedScript from './observed.sh';
import type { Recorder } from './recorder.ts';
import type { CaptureOutcome, Recording } from './recording.ts';
import { captureStream } from './streamedCapture.ts';
import { TextCutter } from './textCutter.ts';

/**
 * Streams tcpdump's output into the capture's output, under a lease. Packets are stored nowhere in the pod, so the
 * capture ends with the stream.
 */
export const streamed: Recorder = async ({ api, dbg, label }, recording) => {
  const { spec, format, settings, interrupt, progress } = recording;
  const changesUser = tcpdumpChangesUser(settings.image);
  const program = {
    script: observedScript,
    command: [
      tcpPortsInFilter(spec.expression).join(','),
      ...tcpdumpCommand({ ...spec, format, changesUser }),
    ],
  };
  const stopNotices = showWaiting('the pod to start tcpdump', progress);
  try {
    const recorder = await startTcpdump(api, dbg, program, interrupt);
    return await record(label, recording, recorder, stopNotices);
  } finally {
    stopNotices();
  }
};

/** Starts tcpdump. The signal cancels the start, but does not end a started program. */
async function startTcpdump(
  api: KubeApi,
  dbg: Debugger,
  program: Program,
  interrupt: AbortSignal,
): Promise<LeasedProcess> {
  interrupt.throwIfAborted();
  const opening = new AbortController();
  const onInterrupt = () => opening.abort(interrupt.reason);
  interrupt.addEventListener('abort', onInterrupt, { once: true });
  try {
    return await LeasedProcess.start(api.access, dbg, program, opening.signal);
  } finally {
    interrupt.removeEventListener('abort', onInterrupt);
  }
}

async function record(
  label: string,
  recording: Recording<RecorderSpec>,
  recorder: LeasedProcess,
  onStarted: () => void,
): Promise<CaptureOutcome> {
  const { spec, format, interrupt, abandon, progress, events, output } = recording;
  const packets =
    format === 'pcap' ? new PacketCutter(spec.maxBytes) : new TextCutter(spec.maxBytes);
  let dropped = 0;
  try {
    const { end, statistics, earlyEnd, unmatched } = await captureStream({
      recorder,
      packets,
      output,
      interrupt,
      abandon,
      deliveryDelay: isImmediate({ ...spec, format }) ? 0 : DELIVERY_DELAY_MS,
      duration: spec.duration,
      onListening: (device, linkType) => {
        onStarted();
        events?.listening(device, 'tcpdump');
        progress.capturing(`capturing on ${device} of ${label} (${linkType})`, () => ({
          packets: packets.packets,
          bytes: packets.bytes,
          dropped,
        }));
      },
      onStatistics: (now) => {
        dropped = (now.droppedByKernel ?? 0) + (now.droppedByInterface ?? 0);
      },
    });
    const missing = (statistics.captured ?? 0) - packets.packets;
    // After an early stop, no more packets are wanted. Decoded text is counted differently.
    if (
      format === 'pcap' &&
      end !== 'size' &&
      end !== 'early' &&
      end !== 'reader-gone' &&
      missing > 0
    )
      throw incompleteStream(missing);
    return {
      end,
      statistics,
      packets: packets.packets,
      bytes: packets.bytes,
      ...(earlyEnd && { earlyEnd }),
      ...(unmatched && { unmatched }),
    };
  } catch (error) {
    if (error instanceof ExecProblem && packets.bytes > 0)
      throw new Problem(`the capture was cut off: ${error.message}`, {
        kind: 'lost',
        next: [
          'all packets before that are complete and were kept; start the capture again to continue',
        ],
        cause: error,
      });
    throw error;
  }
}

/** Some servers and proxies cut off a command's output and still report success (kubernetes#124571). */
function incompleteStream(missing: number): Problem {
  return new Problem(
    `the packets ended before the capture did: ${countText(missing, 'packet')} from tcpdump did not arrive`,
    {
      kind: 'lost',
      next: [
        'all packets before that are complete and were kept; start the capture again to continue',
      ],
    },
  );
}
