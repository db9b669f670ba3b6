import { seconds } from '../capture/units.ts';
import type { KubeApi } from '../kube/api.ts';
import { hasChangingAddresses } from '../kube/targets/peers.ts';
import { checkFolder } from '../transfer/folderLock.ts';
import { FIXED_PEERS_NOTE, type PlanWithPeers, withPeers } from './capturePeers.ts';
import { type ParsedPlan, planInNamespace } from './capturePlan.ts';
import { connect } from './connect.ts';
import { notify } from './console.ts';
import { openEarlyExec } from './earlyExec.ts';
import type { CaptureValues } from './flags/capture.ts';
import type { ConnectionValues } from './flags/connection.ts';
import { hasRingFlags, ringNote, ringOptions } from './flags/ring.ts';
import { type Interruption, onInterruption } from './interruption.ts';
import { resolveCaptureTargets } from './resolveCaptureTargets.ts';

/** Runs a validated plan: in the foreground, as a ring, or detached. Returns the exit code. */
export async function runCapture(
  flags: CaptureValues & ConnectionValues,
  parsed: ParsedPlan,
): Promise<number> {
  if (hasRingFlags(flags) && flags.write !== undefined) await checkFolder(flags.write);
  const hint = ringNote(flags);
  if (hint !== undefined) notify({ kind: 'hint', text: hint });
  const interruption = onInterruption({ handlesAbandon: true });
  const { api, namespace } = await connect(flags);
  const validated = planInNamespace(parsed, namespace);
  const isRing = hasRingFlags(flags);
  const isLive = !flags.detach && !isRing;
  const earlyExec = isLive ? openEarlyExec(api, validated.targets, validated.settings) : undefined;
  try {
    const plan = await withPeers(api, validated, interruption.signal);
    if (!isLive && plan.peers.some(hasChangingAddresses)) notify(FIXED_PEERS_NOTE);
    if (flags.detach) return await runDetached(api, flags, plan, interruption);
    if (isRing) return await runRing(api, flags, plan, interruption);
    // Loading the rest would delay the connection.
    await earlyExec?.sent;
    const { captureLive } = await import('./liveCapture.ts');
    return await captureLive(api, { ...plan, earlyExec }, flags, interruption);
  } finally {
    earlyExec?.close();
    interruption.release();
    api.close();
  }
}

/** Records a ring of files for each target, and copies it at the end. */
async function runRing(
  api: KubeApi,
  flags: CaptureValues,
  plan: PlanWithPeers,
  interruption: Interruption,
): Promise<number> {
  const { captureRing } = await import('./captureRing.ts');
  const request = {
    ...plan,
    targetName: plan.targets.map(({ text }) => text).join(', '),
    ring: ringOptions(flags),
    folder: flags.write ?? '',
    force: flags.force,
  };
  const targets = await resolveCaptureTargets(api, plan, interruption.signal, notify);
  return captureRing(api, targets, request, interruption);
}

/** Starts a recording that continues after this command. */
async function runDetached(
  api: KubeApi,
  flags: CaptureValues & ConnectionValues,
  { spec, settings, ...plan }: PlanWithPeers,
  { signal }: Interruption,
): Promise<number> {
  const {
    startDetachedCaptures: detach,
    DEFAULT_DETACHED_DURATION: DETACHED_DURATION,
    DEFAULT_DETACHED_KEEP: DETACHED_KEEP,
  } = await import('./detach.ts');
  const { name, volume, keep } = flags;
  return detach(api, {
    ...plan,
    ...settings,
    ring: ringOptions(flags),
    spec: { ...spec, duration: spec.duration ?? DETACHED_DURATION },
    keep: keep === undefined ? DETACHED_KEEP : seconds(keep),
    ...(name !== undefined && { name }),
    ...(volume !== undefined && { volume }),
    ...(flags.namespace === undefined && { defaultNamespace: plan.namespace }),
    signal,
  });
}
