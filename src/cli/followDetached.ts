import type { DetachedCapture } from '../capture/detached/captures.ts';
import { followRecording } from '../capture/detached/followRecording.ts';
import type { KubeApi } from '../kube/api.ts';
import { earlyEndMoment } from '../timing.ts';
import { createCaptureOutput, type OutputFlags } from './captureOutput.ts';
import { captureProgress } from './captureProgress.ts';
import type { Interruption } from './interruption.ts';

/** Follows a detached capture, from the oldest packet that it still has. Returns the exit code. */
export async function followDetached(
  api: KubeApi,
  capture: DetachedCapture,
  flags: OutputFlags,
  { signal, abandon }: Interruption,
): Promise<number> {
  const progress = captureProgress('pcap');
  const output = await createCaptureOutput({ ...flags, write: flags.write ?? '-' });
  try {
    const outcome = await followRecording(api, capture, {
      output,
      interrupt: signal,
      abandon,
      progress,
    });
    progress.finish(outcome, flags.write === '-' ? undefined : flags.write);
    if (outcome.earlyEnd) earlyEndMoment(outcome.earlyEnd);
    return outcome.earlyEnd ? 1 : 0;
  } finally {
    await output.close();
    progress.clear();
  }
}
