import { recordTarget } from '../capture/recorder/recordTarget.ts';
import { seconds } from '../capture/units.ts';
import { namedNode } from '../debugger/debuggerFor.ts';
import { explainRefusal } from '../debugger/refusals.ts';
import type { KubeApi } from '../kube/api.ts';
import type { Pod } from '../kube/pod.ts';
import { refuseNodes } from '../kube/targets/onePod.ts';
import { targetText } from '../kube/targets/parseTargets.ts';
import { canMove, peerTerms, withPeerTerms } from '../kube/targets/peers.ts';
import { leftOutText, resolveTargets } from '../kube/targets/resolveTargets.ts';
import { FileOutput } from '../output/fileOutput.ts';
import type { Output } from '../output/output.ts';
import { wrongUsage } from '../problem.ts';
import { captureOutput } from './captureOutput.ts';
import type { CapturePlan } from './capturePlan.ts';
import { captureProgress } from './captureProgress.ts';
import { connect } from './connect.ts';
import { note } from './console.ts';
import { destinationOf, namesFolder } from './destination.ts';
import type { CaptureValues } from './flags/capture.ts';
import type { ConnectionValues } from './flags/connection.ts';
import { filterNotes } from './flags/preset.ts';
import { asksForRing, ringNote, ringWishes } from './flags/ring.ts';
import { FORCED_EXIT, type Interruption, onInterruption } from './interruption.ts';

/** Carries a checked plan out: in the foreground, as a ring, or detached. Gives the exit code. */
export async function runCapture(
  flags: CaptureValues & ConnectionValues,
  checked: CapturePlan,
): Promise<number> {
  const notice = ringNote(flags);
  if (notice !== undefined) note(notice);
  const interruption = onInterruption();
  const api = await connect(flags);
  try {
    const plan = await withPeers(api, checked, interruption.signal);
    if ((flags.detach || asksForRing(flags)) && plan.peers.some(canMove)) note(FIXED_PEERS);
    if (flags.detach) return await detached(api, flags, plan, interruption);
    if (asksForRing(flags)) return await ring(api, flags, plan, interruption);
    return await watched(api, flags, plan, interruption);
  } finally {
    interruption.release();
    api.close();
  }
}

const FIXED_PEERS =
  'note: --peer matches the current addresses only; text, folders and .pcapng also follow new ones';

/** Adds the current addresses of the peers to the filter. */
async function withPeers(api: KubeApi, plan: CapturePlan, signal: AbortSignal) {
  const terms = await peerTerms(api, plan.peers, signal).catch((error: unknown) => {
    throw explainRefusal(error, api.access.namespace);
  });
  const filter = withPeerTerms(terms, plan.spec.filter);
  for (const line of filterNotes(plan.presets, filter)) note(line);
  return {
    ...plan,
    spec: { ...plan.spec, filter },
    peerTerms: terms,
    ownFilter: plan.spec.filter,
  };
}

type FullPlan = Awaited<ReturnType<typeof withPeers>>;

/** Captures in the foreground. */
async function watched(
  api: KubeApi,
  flags: CaptureValues,
  plan: FullPlan,
  interruption: Interruption,
): Promise<number> {
  const isFolder = await namesFolder(flags.write);
  const node = namedNode(plan.targets);
  if (isFolder && node !== undefined)
    throw wrongUsage(`-w ${flags.write}: a node needs a file, not a folder`);
  const progress = captureProgress(plan.format);
  let output: Output | undefined;
  try {
    const opened = isFolder ? undefined : await captureOutput(flags);
    output = opened;
    const pods =
      node === undefined ? await podsOf(api, plan, interruption.signal, progress.note) : [];
    const [pod] = pods;
    const only = node === undefined ? pod && { pod } : { node };
    const waits = flags['follow-pods'];
    const isSeveral = pods.length > 1 || waits || plan.withClients;
    const destination = isFolder ? 'a folder' : destinationOf(flags, isSeveral);
    const takesMore = node === undefined && destination !== 'one pcap';
    const joins = isSeveral || (plan.peers.some(canMove) && takesMore);
    if (!joins && plan.peers.some(canMove)) progress.note(FIXED_PEERS);
    if (!only || !opened || joins || (destination === 'one pcapng' && pod)) {
      const { captureSeveralPods } = await import('./severalPods.ts');
      const request = { ...plan, pods, destination, output: opened, waits };
      return await captureSeveralPods(api, request, flags, interruption);
    }
    const outcome = await recordTarget(api, only, {
      ...plan,
      output: plan.format === 'text' ? progress.around(opened) : opened,
      interrupt: interruption.signal,
      abandon: interruption.abandon,
      progress,
    });
    progress.finish(outcome, output instanceof FileOutput ? output.path : undefined);
    return outcome.end === 'abandoned' ? FORCED_EXIT : 0;
  } finally {
    // A capture that never began has closed nothing, and an open Wireshark would keep this process alive.
    await output?.close();
    progress.clear();
  }
}

/** Resolves the targets to pods, with a notice about skipped ones. */
async function podsOf(
  api: KubeApi,
  { targets, maxPods }: FullPlan,
  signal: AbortSignal,
  onNote: (text: string) => void,
): Promise<readonly Pod[]> {
  try {
    const found = await resolveTargets(api, targets, { maxPods, signal });
    refuseNodes(found.nodes);
    const leftOut = leftOutText(found);
    if (leftOut !== undefined) onNote(leftOut);
    return found.pods;
  } catch (error) {
    throw explainRefusal(error, api.access.namespace);
  }
}

/** Records a ring of files in each pod, and copies it at the end. */
async function ring(
  api: KubeApi,
  flags: CaptureValues,
  plan: FullPlan,
  interruption: Interruption,
): Promise<number> {
  const { captureRing } = await import('./captureRing.ts');
  const node = namedNode(plan.targets);
  const found =
    node === undefined
      ? (await podsOf(api, plan, interruption.signal, note)).map((pod) => ({ pod }))
      : [{ node }];
  return captureRing(
    api,
    found,
    {
      ...plan,
      target: plan.targets.map(targetText).join(', '),
      ring: ringWishes(flags),
      folder: flags.write ?? '',
      force: flags.force,
    },
    interruption,
  );
}

/** Starts a recording that continues after this command. */
async function detached(
  api: KubeApi,
  flags: CaptureValues,
  { spec, settings, ...plan }: FullPlan,
  { signal, abandon }: Interruption,
): Promise<number> {
  // A listener, so that pods on nodes are deleted after a second Ctrl-C too.
  abandon.addEventListener('abort', () => {});
  const { detach, DETACHED_DURATION, DETACHED_KEEP } = await import('./detach.ts');
  const { name, volume, keep } = flags;
  return detach(api, {
    ...plan,
    ...settings,
    ring: ringWishes(flags),
    spec: { ...spec, duration: spec.duration ?? DETACHED_DURATION },
    keep: keep === undefined ? DETACHED_KEEP : seconds(keep),
    ...(name !== undefined && { name }),
    ...(volume !== undefined && { volume }),
    signal,
  });
}
