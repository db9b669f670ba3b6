import type { KubeApi } from '../../kube/api.ts';
import { bytesText } from '../../output/quantities.ts';
import { followSpool } from '../recorder/followSpool.ts';
import type { CaptureOutcome, Recording } from '../recorder/recording.ts';
import { seconds } from '../units.ts';
import type { DetachedCapture } from './captures.ts';
import { containerRefOf, spoolAccessOf } from './spoolOf.ts';

/** How long to try to resume a lost connection: the capture itself continues without this client. */
const PATIENCE = seconds(60);

/**
 * Brings what a detached capture has recorded and will record to an output, from the oldest packet that it still has
 * until the end of the recording or an interrupt. The capture is not touched.
 */
export async function followFrom(
  api: KubeApi,
  capture: DetachedCapture,
  recording: Pick<Recording, 'output' | 'interrupt' | 'abandon' | 'progress'>,
): Promise<CaptureOutcome> {
  const place = containerRefOf(capture);
  const { files, state } = await spoolAccessOf(api, capture, recording.interrupt).list();
  return followSpool(
    api,
    {
      place,
      home: capture.pod,
      folder: capture.spool,
      fileBytes: state.fileKilobytes * 1000,
      from: { seq: files[0]?.seq ?? 1, offset: 0 },
      listening: (device) =>
        `following capture "${capture.name}" on ${device} of pod ${place.namespace}/${place.pod} from its oldest packet (${bytesText(state.bytes)} recorded)`,
    },
    { ...recording, spec: {}, linger: PATIENCE },
  );
}
