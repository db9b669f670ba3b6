import { type Debugger, ensureDebugger } from '../debugger/ephemeral.ts';
import { explainRefusal } from '../debugger/refusals.ts';
import type { KubeApi } from '../kube/api.ts';
import type { Pod } from '../kube/pod.ts';
import { findPod, parseTarget } from '../kube/target.ts';
import { SpoolRefused } from './follower/followCapture.ts';
import { recordDirectly } from './recordDirectly.ts';
import { explainFailure } from './recorderProblems.ts';
import type { CaptureOutcome, Recording } from './recording.ts';
import { recordThroughSpool } from './recordThroughSpool.ts';
import { planSpool } from './spool/spoolPlan.ts';

/**
 * Captures one pod's packets into an output: finds the pod, gets a debugger into it, and records
 * there, by way of a spool where there is room for one. Throws a Problem; what was written until
 * then stays.
 */
export async function recordPod(api: KubeApi, recording: Recording): Promise<CaptureOutcome> {
  try {
    return await record(api, recording);
  } catch (error) {
    throw explainRefusal(error, api.access.namespace);
  }
}

async function record(api: KubeApi, recording: Recording): Promise<CaptureOutcome> {
  const { settings, interrupt, progress } = recording;
  const pod = await findPod(api, api.access.namespace, parseTarget(recording.target).pod);
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
  try {
    return await recordIn(api, pod, place, recording);
  } catch (error) {
    throw await explainFailure(error, api, place, settings.image, recording.interface);
  }
}

async function recordIn(
  api: KubeApi,
  pod: Pod,
  place: Debugger,
  recording: Recording,
): Promise<CaptureOutcome> {
  // Text is read as it comes; what nobody keeps needs no spool.
  if (recording.stream || recording.format === 'text') return recordDirectly(api, place, recording);
  const plan = planSpool(pod);
  let reason: string;
  if (plan.kind === 'direct') reason = plan.reason;
  else
    try {
      return await recordThroughSpool(api, pod, place, plan, recording);
    } catch (error) {
      if (!(error instanceof SpoolRefused)) throw error;
      reason = error.message;
    }
  recording.progress.note(`note: streaming directly, not through a spool: ${reason}`);
  return recordDirectly(api, place, recording);
}
