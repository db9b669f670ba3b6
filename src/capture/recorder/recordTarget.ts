import { debuggerFor, type FoundTarget } from '../../debugger/debuggerFor.ts';
import type { Debugger } from '../../debugger/place.ts';
import { explainRefusal } from '../../debugger/refusals.ts';
import type { KubeApi } from '../../kube/api.ts';
import { SpoolRefused } from '../follower/followCapture.ts';
import { type RecorderSpec, recorderSpec } from '../spec.ts';
import { planSpool } from '../spool/spoolPlan.ts';
import { nodeNetworkNote } from './nodeNetworkNote.ts';
import { explainFailure } from './recorderProblems.ts';
import { type CaptureOutcome, type Recording, where } from './recording.ts';
import { recordThroughSpool } from './spooled.ts';
import { recordDirectly } from './streamed.ts';

/**
 * Captures the packets of one pod, or of a node, into an output: gets a debugger for it and records
 * there, by way of a spool where there is room for one. Throws a Problem; what was written until then
 * stays.
 */
export async function recordPod(
  api: KubeApi,
  found: FoundTarget,
  recording: Recording,
): Promise<CaptureOutcome> {
  try {
    return await record(api, found, recording);
  } catch (error) {
    throw explainRefusal(error, found.pod?.metadata.namespace ?? api.access.namespace);
  }
}

async function record(
  api: KubeApi,
  found: FoundTarget,
  recording: Recording,
): Promise<CaptureOutcome> {
  const { settings, interrupt, progress, events, linger } = recording;
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
    {
      onProgress: (text) => progress.waiting(text),
      onNote: (text) => progress.note(text),
      signal: interrupt,
    },
  );
  try {
    const spec = recorderSpec(recording.spec, place);
    events?.entered(place, spec.expression);
    const note = nodeNetworkNote(place, found.pod?.metadata.name);
    if (note !== undefined) progress.note(note);
    return await recordIn(api, place, where(found, place), { ...recording, spec });
  } catch (error) {
    throw await explainFailure(error, api, place, settings.image, device);
  } finally {
    await place.close();
  }
}

async function recordIn(
  api: KubeApi,
  place: Debugger,
  shown: string,
  recording: Recording<RecorderSpec>,
): Promise<CaptureOutcome> {
  // Text is read as it comes; what nobody keeps needs no spool.
  if (recording.stream || recording.format === 'text')
    return recordDirectly(api, place, shown, recording);
  const plan = planSpool(place.home);
  let reason: string;
  if (plan.kind === 'direct') reason = plan.reason;
  else
    try {
      return await recordThroughSpool(api, place, shown, plan, recording);
    } catch (error) {
      if (!(error instanceof SpoolRefused)) throw error;
      reason = error.message;
    }
  recording.progress.note(`note: streaming directly, not through a spool: ${reason}`);
  return recordDirectly(api, place, shown, recording);
}
