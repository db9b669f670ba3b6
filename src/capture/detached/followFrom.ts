import { tellsOfWait } from '../../debugger/startWait.ts';
import type { KubeApi } from '../../kube/api.ts';
import { bytesText } from '../../output/quantities.ts';
import { PacketCutter } from '../../pcap/packetCutter.ts';
import { fateOf } from '../follower/fate.ts';
import { followCapture } from '../follower/followCapture.ts';
import { Follower } from '../follower/follower.ts';
import { gapText } from '../follower/losses.ts';
import type { CaptureOutcome, CaptureState, Recording } from '../recorder/recording.ts';
import { attachTo } from '../spool/spoolCommands.ts';
import type { DetachedCapture } from './captures.ts';
import { placeOf, spoolAccessOf } from './spoolOf.ts';

/** How long a lost connection is tried again, in milliseconds: the capture itself goes on without us. */
const PATIENCE_MS = 60_000;

/**
 * Brings what a detached capture has and will have recorded to an output, from the oldest packet that
 * is there until the recording's end or our own. The capture is not touched.
 */
export async function followFrom(
  api: KubeApi,
  capture: DetachedCapture,
  {
    output,
    interrupt,
    abandon,
    progress,
  }: Pick<Recording, 'output' | 'interrupt' | 'abandon' | 'progress'>,
): Promise<CaptureOutcome> {
  const place = placeOf(capture);
  const { files, state } = await spoolAccessOf(api, capture, interrupt).list();
  const packets = new PacketCutter();
  let now: Pick<CaptureState, 'lag' | 'giveUpAt'> = {};
  const follower = new Follower({
    guest: true,
    from: { seq: files[0]?.seq ?? 1, offset: 0 },
    attach: attachTo(api.access, place, capture.spool, undefined),
    linger: PATIENCE_MS,
    fate: () => fateOf(api, place, capture.pod),
    onCut: (reason, giveUpAt) => {
      now = { ...now, giveUpAt };
      progress.note(`connection lost (${reason}); the capture goes on: resuming…`);
    },
    onWaiting: tellsOfWait('the pod to answer', progress),
    onResumed: (milliseconds) => {
      now = {};
      progress.note(`resumed after ${(milliseconds / 1000).toFixed(1)} s where it stood`);
    },
  });
  const result = await followCapture({
    follower,
    packets,
    output,
    fileBytes: state.fileKilobytes * 1000,
    interrupt,
    abandon,
    removeSpool: async () => {},
    onListening: (device) =>
      progress.capturing(
        `following capture "${capture.name}" on ${device} of pod ${place.namespace}/${place.pod} from its oldest packet on (${bytesText(state.bytes)} recorded)`,
        () => ({ packets: packets.packets, bytes: packets.bytes, ...now }),
      ),
    onGap: (gap) => progress.note(gapText(gap)),
    onLag: (lag) => {
      now = { ...now, lag };
    },
  });
  return { ...result, packets: packets.packets, bytes: packets.bytes };
}
