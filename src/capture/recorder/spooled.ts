import { tcpdumpChangesUser } from '../../debugger/image.ts';
import { bytesText } from '../../output/quantities.ts';
import type { RecorderSpec } from '../spec.ts';
import { bufferKibibytes, type RecordOptions } from '../spool/recordArguments.ts';
import { newSpoolFolder, type SpoolPlan } from '../spool/spoolPlan.ts';
import { bytes, milliseconds } from '../units.ts';
import { followSpool } from './followSpool.ts';
import type { Recorder } from './recorder.ts';
import type { Recording } from './recording.ts';

/** How far beyond its client's bounds a recorder that has lost its client continues. */
const DURATION_SLACK_MS = 3_000;
const SIZE_SLACK_BYTES = 1_000_000;

/** Records through a bounded ring of files in the pod; a follower transfers the files. */
export function spooled(plan: SpoolPlan): Recorder {
  const fileBytes = plan.fileKilobytes * 1000;
  const size = bytesText(fileBytes * plan.files);
  return ({ api, dbg, label }, recording) =>
    followSpool(
      api,
      {
        ref: dbg,
        pod: dbg.home,
        folder: newSpoolFolder(),
        fileBytes,
        start: recordOptions(recording, plan),
        listening: (device, engine) =>
          `capturing on ${device} of ${label} (${engine}, spool of ${size})`,
      },
      recording,
    );
}

/** While connected, the client ends a capture itself, and exactly. The recorder's own bounds are therefore wider. */
function recordOptions(
  { spec, linger, settings, targetsOnNode = 1 }: Recording<RecorderSpec>,
  plan: SpoolPlan,
): RecordOptions {
  const { duration, maxBytes } = spec;
  return {
    spec: {
      ...spec,
      duration: duration && milliseconds(duration + DURATION_SLACK_MS),
      maxBytes: maxBytes && bytes(maxBytes + SIZE_SLACK_BYTES),
    },
    ring: plan,
    bufferKibibytes: bufferKibibytes(targetsOnNode),
    roomKilobytes: plan.roomKilobytes,
    linger,
    keep: linger,
    changesUser: tcpdumpChangesUser(settings.image),
  };
}
