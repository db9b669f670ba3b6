import type { ContainerRef } from '../../debugger/leasedProcess.ts';
import { waitNotices } from '../../debugger/startWait.ts';
import type { KubeApi } from '../../kube/api.ts';
import type { Pod } from '../../kube/pod.ts';
import type { Notice } from '../../notice.ts';
import { bytesText, countText } from '../../output/quantities.ts';
import { GAP_COMMENT_PREFIX } from '../../pcap/gapComment.ts';
import { PacketCutter } from '../../pcap/packetCutter.ts';
import { Problem } from '../../problem.ts';
import { outageNotice } from '../earlyEnd.ts';
import { followCapture } from '../follower/followCapture.ts';
import { Follower, type Position, RecordingLost } from '../follower/follower.ts';
import { gapText } from '../follower/gap.ts';
import { goneReason } from '../follower/goneReason.ts';
import type { CaptureBounds } from '../spec.ts';
import type { RecordOptions } from '../spool/recordArguments.ts';
import { makeAttach, removeSpool } from '../spool/spoolCommands.ts';
import type { CaptureOutcome, CaptureState, Recording } from './recording.ts';

/** A spool in a pod, and how to follow it. */
export interface FollowedSpool {
  readonly ref: ContainerRef;
  /** The pod that contains it, before the recording. */
  readonly pod: Pod;
  readonly folder: string;
  /** Size of a full file of the ring, in bytes. */
  readonly fileBytes: number;
  /**
   * Starts the recorder with these options. If absent, the recorder is already running, and is neither stopped nor
   * removed.
   */
  readonly start?: RecordOptions;
  /** Where to start reading; the beginning when absent. */
  readonly from?: Position;
  /** The message for the user when recording has started. */
  readonly listening: (device: string, engine: string) => string;
}

/**
 * How long to wait for the removal of a spool: normally; if nothing was recorded; and after the second Ctrl-C, when the
 * process has 2 s until it exits.
 */
const REMOVE_MS = 5_000;
const HURRY_MS = 500;
const ABANDON_MS = 1_500;

/** The notice that the connection to a recorder is lost. */
export function connectionLost(reason: string): Notice {
  return {
    kind: 'connection-lost',
    text: `connection lost (${reason}); the pod keeps recording: resuming…`,
  };
}

/**
 * Transfers the present and future contents of a spool to an output. A slow connection only causes delay, and a lost
 * connection is resumed.
 */
export async function followSpool(
  api: KubeApi,
  spool: FollowedSpool,
  recording: Omit<Recording<CaptureBounds>, 'format' | 'settings' | 'stream'>,
): Promise<CaptureOutcome> {
  const { spec, progress, events, output, interrupt, abandon, linger } = recording;
  const { ref, folder, fileBytes, start, from } = spool;
  const packets = new PacketCutter(spec.maxBytes);
  let state: Pick<CaptureState, 'lag' | 'ending' | 'giveUpAt'> = {};

  const follower = new Follower({
    readOnly: start === undefined,
    ...(from && { from }),
    attach: makeAttach(api.access, ref, folder, start, recording.targetsOnNode),
    linger,
    goneReason: () => goneReason(api, ref, spool.pod),
    onDisconnect: (reason, giveUpAt) => {
      state = { ...state, giveUpAt };
      progress.note(connectionLost(reason));
      events?.remark(`connection lost (${reason}) and resumed: nothing is missing`);
    },
    onWaiting: waitNotices(start ? 'the pod to start the recorder' : 'the pod to answer', progress),
    onResumed: (milliseconds) => {
      const { giveUpAt: _, ...rest } = state;
      state = rest;
      progress.note({
        kind: 'resumed',
        text: `resumed after ${(milliseconds / 1000).toFixed(1)} s where it stopped`,
      });
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
      duration: spec.duration,
      removeSpool: (hurry) => {
        const limit = hurry ? HURRY_MS : REMOVE_MS;
        return removeSpool(api.access, ref, folder, abandon.aborted ? ABANDON_MS : limit);
      },
      onListening: (device, engine) => {
        events?.listening(device, engine === 'dumpcap' ? engine : 'tcpdump');
        progress.capturing(spool.listening(device, engine), () => ({
          packets: packets.packets,
          bytes: packets.bytes,
          ...state,
        }));
      },
      onGap: (gap) => {
        progress.note({ kind: 'gap', text: gapText(gap) });
        events?.remark(gapText(gap));
      },
      onOutage: (outage, device) => {
        const notice = outageNotice(outage, device);
        if (outage.to === undefined)
          progress.note({
            ...notice,
            text: `${notice.text}; ${countText(packets.packets, 'packet')} were recorded before; recording resumes when an interface of that name exists again; use -i any to avoid such gaps`,
          });
        else {
          progress.note(notice);
          events?.remark(`${GAP_COMMENT_PREFIX}${notice.text}`);
        }
      },
      onNewLinkType: (text) => progress.note({ kind: 'link-type-changed', text }),
      onCaughtUp: (uptime) => events?.caughtUp(uptime),
      onLag: (lag, ending) => {
        state = { ...state, lag, ending };
      },
    });
    const { interruptions } = follower;
    return { ...result, packets: packets.packets, bytes: packets.bytes, interruptions };
  } catch (error) {
    throw error instanceof RecordingLost
      ? describeLoss(error, packets, follower.lastFrameAt)
      : error;
  }
}

function describeLoss(error: RecordingLost, packets: PacketCutter, lastHeard: number): Problem {
  if (packets.bytes === 0) return error;
  const time = new Date(lastHeard).toTimeString().slice(0, 8);
  return new Problem(`a part of the capture is lost: ${error.message}`, {
    kind: 'lost',
    next: [
      `saved: ${countText(packets.packets, 'packet')} (${bytesText(packets.bytes)}), complete up to about ${time}`,
      `lost: everything recorded after ${time}; start the capture again to continue`,
      ...error.next,
    ],
    cause: error,
  });
}
