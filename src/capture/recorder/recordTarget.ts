import { debuggerFor } from '../../debugger/debuggerFor.ts';
import { explainRefusal } from '../../debugger/refusals.ts';
import type { KubeApi } from '../../kube/api.ts';
import type { FoundTarget } from '../../kube/targets/foundTarget.ts';
import { SpoolRefused } from '../follower/followCapture.ts';
import { type RecorderSpec, recorderSpec } from '../spec.ts';
import { planSpool } from '../spool/spoolPlan.ts';
import { nodeNetworkNote } from './nodeNetworkNote.ts';
import type { RecorderSite } from './recorder.ts';
import { explainFailure } from './recorderProblems.ts';
import { type CaptureOutcome, describeTarget, type Recording } from './recording.ts';
import { spooled } from './spooled.ts';
import { streamed } from './streamed.ts';

/**
 * Captures the packets of one target into an output: finds or makes a debugger for it and records there, through a
 * spool where there is room for one. Throws a Problem; what was written until then stays.
 */
export async function recordTarget(
  api: KubeApi,
  found: FoundTarget,
  recording: Recording,
): Promise<CaptureOutcome> {
  try {
    return await record(api, found, recording);
  } catch (error) {
    throw explainRefusal(error);
  }
}

async function record(
  api: KubeApi,
  found: FoundTarget,
  recording: Recording,
): Promise<CaptureOutcome> {
  const { settings, interrupt, progress, events, linger, early } = recording;
  const { duration, device } = recording.spec;
  interrupt.throwIfAborted();
  const place = await debuggerFor(
    api,
    found,
    {
      profile: 'network',
      command: 'capture',
      ...(duration !== undefined && { lifetime: duration + linger }),
      ...settings,
    },
    { onProgress: progress.waiting, onNote: progress.note, signal: interrupt, early },
  );
  try {
    const spec = recorderSpec(recording.spec, place);
    events?.entered(place, spec.expression);
    const note = nodeNetworkNote(place, found.pod?.metadata.name);
    if (note !== undefined) progress.note(note);
    return await recordAt(
      { api, place, shown: describeTarget(found, place) },
      { ...recording, spec },
    );
  } catch (error) {
    throw await explainFailure(error, api, place, settings.image, device);
  } finally {
    await place.close();
  }
}

/** Text needs no spool: it is read as it comes. */
async function recordAt(
  site: RecorderSite,
  recording: Recording<RecorderSpec>,
): Promise<CaptureOutcome> {
  if (recording.stream || recording.format === 'text') return streamed(site, recording);
  const plan = planSpool(site.place.home);
  let reason: string;
  if (plan.kind === 'direct') reason = plan.reason;
  else
    try {
      return await spooled(plan)(site, recording);
    } catch (error) {
      if (!(error instanceof SpoolRefused)) throw error;
      reason = error.message;
    }
  recording.progress.note(`note: streaming directly, not through a spool: ${reason}`);
  return streamed(site, recording);
}
