import { tcpdumpChangesUser } from '../../debugger/image.ts';
import type { Debugger } from '../../debugger/place.ts';
import { tellsOfWait } from '../../debugger/startWait.ts';
import type { KubeApi } from '../../kube/api.ts';
import { bytesText, countText } from '../../output/quantities.ts';
import { PacketCutter } from '../../pcap/packetCutter.ts';
import { Problem } from '../../problem.ts';
import { fateOf } from '../follower/fate.ts';
import { followCapture } from '../follower/followCapture.ts';
import { Follower, RecordingLost } from '../follower/follower.ts';
import { gapText } from '../follower/losses.ts';
import type { RecorderSpec } from '../spec.ts';
import type { RecordOptions } from '../spool/recordArguments.ts';
import { attachTo, removeSpool } from '../spool/spoolCommands.ts';
import { newSpoolFolder, type SpoolPlan } from '../spool/spoolPlan.ts';
import { bytes, milliseconds } from '../units.ts';
import type { CaptureOutcome, CaptureState, Recording } from './recording.ts';

/** How much further than its client a recorder goes that has lost it. */
const DURATION_SLACK_MS = 3_000;
const SIZE_SLACK_BYTES = 1_000_000;

/** How long the removal of a spool is waited for, and how long by who wants to end at once. */
const REMOVE_MS = 5_000;
const HURRY_MS = 500;

/**
 * Captures packets by way of a spool: a recorder in the pod writes them to a bounded ring of files,
 * and a follower brings them here. A slow link is only delay then, and a cut one is resumed.
 */
export async function recordThroughSpool(
  api: KubeApi,
  place: Debugger,
  shown: string,
  plan: SpoolPlan,
  recording: Recording<RecorderSpec>,
): Promise<CaptureOutcome> {
  const { progress, events, output, interrupt, abandon } = recording;
  const { duration, maxBytes } = recording.spec;
  const spool = newSpoolFolder();
  const record = recordOptions(recording, plan);
  const fileBytes = plan.fileKilobytes * 1000;
  const packets = new PacketCutter(maxBytes);
  let state: Pick<CaptureState, 'lag' | 'ending' | 'giveUpAt'> = {};

  const follower = new Follower({
    attach: attachTo(api.access, place, spool, record),
    linger: recording.linger,
    fate: () => fateOf(api, place, place.home),
    onCut: (reason, giveUpAt) => {
      state = { ...state, giveUpAt };
      progress.note(`connection lost (${reason}); the recorder in the pod goes on: resuming…`);
      events?.remark(`connection lost (${reason}) and resumed: nothing is missing here`);
    },
    onWaiting: tellsOfWait('the pod to start the recorder', progress),
    onResumed: (milliseconds) => {
      const { giveUpAt: _, ...rest } = state;
      state = rest;
      progress.note(`resumed after ${(milliseconds / 1000).toFixed(1)} s where it stood`);
    },
  });

  try {
    const result = await followCapture({
      follower,
      packets,
      output,
      fileBytes,
      interrupt,
      abandon,
      duration,
      removeSpool: (hurry) =>
        removeSpool(api.access, place, spool, hurry || abandon.aborted ? HURRY_MS : REMOVE_MS),
      onListening: (device, engine) => {
        events?.listening(device, engine === 'dumpcap' ? engine : 'tcpdump');
        progress.capturing(
          `capturing on ${device} of ${shown} (${engine}, spool of ${bytesText(fileBytes * plan.files)})`,
          () => ({ packets: packets.packets, bytes: packets.bytes, ...state }),
        );
      },
      onGap: (gap) => {
        progress.note(gapText(gap));
        events?.remark(gapText(gap));
      },
      onCaughtUp: (uptime) => events?.caughtUp(uptime),
      onLag: (lag, ending) => {
        state = { ...state, lag, ending };
      },
    });
    const { interruptions } = follower;
    return { ...result, packets: packets.packets, bytes: packets.bytes, interruptions };
  } catch (error) {
    throw error instanceof RecordingLost ? lossOf(error, packets, follower.lastHeard) : error;
  }
}

/** The client ends a capture itself, and exactly, while it can: the recorder's bounds are further. */
function recordOptions(
  { spec, linger, settings }: Recording<RecorderSpec>,
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
    roomKilobytes: plan.roomKilobytes,
    linger,
    keep: linger,
    changesUser: tcpdumpChangesUser(settings.image),
  };
}

function lossOf(error: RecordingLost, packets: PacketCutter, lastHeard: number): Problem {
  if (packets.bytes === 0) return error;
  const time = new Date(lastHeard).toTimeString().slice(0, 8);
  return new Problem(`the capture is lost in part: ${error.message}`, {
    next: [
      `saved: ${countText(packets.packets, 'packet')} (${bytesText(packets.bytes)}), whole, up to ${time} or so`,
      `lost: what was recorded after ${time}; start the capture again to go on`,
      ...error.next,
    ],
    cause: error,
  });
}
