import type { KubeApi } from '../../kube/api.ts';
import { bytesText } from '../../output/quantities.ts';
import { followSpool } from '../recorder/followSpool.ts';
import type { CaptureOutcome, Recording } from '../recorder/recording.ts';
import { seconds } from '../units.ts';
import type { DetachedCapture } from './captures.ts';
import { containerRefOf, spoolAccessOf } from './detachedSpool.ts';

/** How long to try to resume a lost connection: the capture itself continues without this client. */
const RESUME_LIMIT = seconds(60);

/**
 * Writes a detached capture's recording to an output, from the oldest packet still in the ring until the recording ends
 * or the user interrupts. Does not affect the capture.
 */
export async function followRecording(
  api: KubeApi,
  capture: DetachedCapture,
  recording: Pick<Recording, 'output' | 'interrupt' | 'abandon' | 'progress'>,
): Promise<CaptureOutcome> {
  const ref = containerRefOf(capture);
  const { files, state } = await spoolAccessOf(api, capture, recording.interrupt).list();
  return followSpool(
    api,
    {
      ref,
      pod: capture.pod,
      folder: capture.spool,
      fileBytes: state.fileKilobytes * 1000,
      from: { seq: files[0]?.seq ?? 1, offset: 0 },
      listening: (device) =>
        `following capture "${capture.name}" on ${device} of pod ${ref.namespace}/${ref.pod} from its oldest packet (${bytesText(state.bytes)} recorded)`,
    },
    { ...recording, spec: {}, linger: RESUME_LIMIT },
  );
}
