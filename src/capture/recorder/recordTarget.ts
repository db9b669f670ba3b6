import type { KubeApi } from '../../kube/api.ts';
import type { ResolvedTarget } from '../../kube/targets/resolvedTarget.ts';
import { SpoolRefused } from '../follower/followCapture.ts';
import type { RecorderSpec } from '../spec.ts';
import { planSpool } from '../spool/spoolPlan.ts';
import type { RecorderSite } from './recorder.ts';
import type { CaptureOutcome, Recording } from './recording.ts';
import { spooled } from './spooled.ts';
import { streamed } from './streamed.ts';
import { withRecorderSite } from './withRecorderSite.ts';

/**
 * Captures the packets of one target into an output: finds or creates a debugger and records there, through a spool if
 * there is room for one. Throws a Problem; data that was already written is kept.
 */
export async function recordTarget(
  api: KubeApi,
  target: ResolvedTarget,
  recording: Recording,
): Promise<CaptureOutcome> {
  return withRecorderSite(api, target, recording, (site, spec) => {
    recording.events?.entered(site.dbg, spec.expression);
    return recordAt(site, { ...recording, spec });
  });
}

/** Text needs no spool, because it is read as it arrives. */
async function recordAt(
  site: RecorderSite,
  recording: Recording<RecorderSpec>,
): Promise<CaptureOutcome> {
  if (recording.stream || recording.format === 'text') return streamed(site, recording);
  const plan = planSpool(site.dbg.home);
  let reason: string;
  if (plan.kind === 'direct') reason = plan.reason;
  else
    try {
      return await spooled(plan)(site, recording);
    } catch (error) {
      if (!(error instanceof SpoolRefused)) throw error;
      reason = error.message;
    }
  recording.progress.note({
    kind: 'no-spool',
    text: `note: streaming directly, not through a spool: ${reason}`,
  });
  return streamed(site, recording);
}
