import { setTimeout as wait } from 'node:timers/promises';
import { tcpdumpChangesUser } from '../../debugger/image.ts';
import { waitNotices } from '../../debugger/startWait.ts';
import type { KubeApi } from '../../kube/api.ts';
import type { Pod } from '../../kube/pod.ts';
import type { ResolvedTarget } from '../../kube/targets/resolvedTarget.ts';
import { bytesText } from '../../output/quantities.ts';
import { Problem } from '../../problem.ts';
import { outageNotice } from '../earlyEnd.ts';
import { type FetchOptions, fetchSpool } from '../fetch/fetchSpool.ts';
import { fetchStrategy } from '../fetch/fetchStrategy.ts';
import { PodSpool } from '../fetch/podSpool.ts';
import { Follower } from '../follower/follower.ts';
import type { FrameValues } from '../follower/frames.ts';
import { goneReason } from '../follower/goneReason.ts';
import type { Manifest } from '../manifest.ts';
import { connectionLost } from '../recorder/followSpool.ts';
import type { Recorder } from '../recorder/recorder.ts';
import type { CaptureProgress, Recording } from '../recorder/recording.ts';
import { withRecorderSite } from '../recorder/withRecorderSite.ts';
import { RecorderProblem } from '../recorderProblem.ts';
import type { CaptureSpec, RecorderSpec } from '../spec.ts';
import { planRing, type RingOptions, type RingPlan } from '../spool/ringPlan.ts';
import { makeAttach, removeSpool } from '../spool/spoolCommands.ts';
import { newSpoolFolder } from '../spool/spoolPlan.ts';
import { spoolRoom } from '../spool/spoolRoom.ts';
import { seconds } from '../units.ts';

/** A capture of one target's packets into a folder. */
export interface RingRecording<Spec = CaptureSpec>
  extends Omit<
      Recording<Spec>,
      'output' | 'stream' | 'format' | 'progress' | 'events' | 'earlyExec'
    >,
    Pick<FetchOptions, 'folder' | 'onProgress'> {
  /** The target as the user named it, for the manifest. */
  readonly targetName: string;
  readonly ring: RingOptions;
  readonly force: boolean;
  readonly progress: Pick<CaptureProgress, 'note' | 'waiting'>;
  /** Recording has started, on this interface and into this ring. */
  readonly onRecording: (device: string, where: string, ring: RingPlan) => void;
  /** Called about once a second with the bytes in the ring, the number of removed files and so on. */
  readonly onState: (values: FrameValues) => void;
}

/** No file has this number: a follower at this position keeps the recorder running and reads nothing. */
const PAST_ALL_FILES = 999_999_999;
/** How long a recording is kept for a client that lost the connection while copying. */
const KEEP = seconds(600);
const REMOVE_MS = 5_000;
/** How long to wait for the end, and the removal, of a recorder that has not started recording. */
const NOT_RECORDING_MS = 1_500;
const HURRY_MS = 500;

/**
 * Records the packets of one pod or node into a ring of files in its debugger, until it is interrupted, its duration is
 * over or a bound is reached. Then copies the files here and verifies them. Returns the manifest. Throws a Problem.
 */
export async function recordRing(
  api: KubeApi,
  target: ResolvedTarget,
  recording: RingRecording,
): Promise<Manifest> {
  // Checks the room in the pod before anything is added to it.
  if (target.pod && recording.settings.via !== 'node') planRingIn(target.pod, recording.ring);
  return withRecorderSite(api, target, recording, (site, spec) =>
    ring(site, { ...recording, spec }),
  );
}

/** The ring to record in a pod, and the kB that all rings together may use there. */
function planRingIn(pod: Pod, requested: RingOptions): { ring: RingPlan; roomKilobytes?: number } {
  const room = spoolRoom(pod, 'foreground');
  return {
    ring: planRing(requested, room, 'foreground'),
    ...(room.bytes < Number.POSITIVE_INFINITY && { roomKilobytes: Math.floor(room.bytes / 1000) }),
  };
}

/** Records into a ring of files in the pod, and copies them when the recording has ended. */
const ring: Recorder<RingRecording<RecorderSpec>, Manifest> = async (site, recording) => {
  const { api, target, dbg } = site;
  const { home } = dbg;
  const { progress } = recording;
  const { ring, ...room } = planRingIn(home, recording.ring);
  const record = {
    // The client ends the recording after its duration.
    spec: { ...recording.spec, duration: undefined },
    ring,
    ...room,
    linger: recording.linger,
    keep: KEEP,
    changesUser: tcpdumpChangesUser(recording.settings.image),
  };
  const spool = newSpoolFolder();
  const follower = new Follower({
    from: { seq: PAST_ALL_FILES, offset: 0 },
    attach: makeAttach(api.access, dbg, spool, record),
    linger: recording.linger,
    goneReason: () => goneReason(api, dbg, home),
    onDisconnect: (reason) => progress.note(connectionLost(reason)),
    onWaiting: waitNotices('the pod to start the recorder', progress),
    onResumed: (milliseconds) =>
      progress.note({
        kind: 'resumed',
        text: `reconnected after ${(milliseconds / 1000).toFixed(1)} s`,
      }),
  });
  let hasStarted = false;
  try {
    await waitForEnd(follower, site.label, ring, {
      ...recording,
      onRecording: (...args) => {
        hasStarted = true;
        recording.onRecording(...args);
      },
    });
    const { folder, force, onProgress, abandon, targetName } = recording;
    // The manifest names the captured target; the files are in the debugger's pod.
    const { name, namespace, uid } = (target.pod ?? home).metadata;
    const node = home.spec.nodeName;
    const source = new PodSpool(api, dbg, home.metadata.uid, spool);
    return await fetchSpool(source, {
      folder,
      force,
      onNote: progress.note,
      ...(onProgress && { onProgress }),
      verify: 'size+walk',
      ...fetchStrategy(home),
      signal: abandon,
      origin: {
        capture: name,
        target: targetName,
        namespace,
        pod: name,
        podUid: uid,
        container: dbg.container,
        image: recording.settings.image,
        ...(node !== undefined && { node }),
      },
    });
  } finally {
    follower.close();
    await removeSpool(api.access, dbg, spool, hasStarted ? REMOVE_MS : HURRY_MS);
  }
};

/** Waits until the recording ends, by itself or by a signal. Throws if nothing was recorded. */
async function waitForEnd(
  follower: Follower,
  label: string,
  ring: RingPlan,
  {
    spec: { duration },
    interrupt,
    abandon,
    progress,
    onRecording,
    onState,
  }: RingRecording<RecorderSpec>,
): Promise<void> {
  const finished = new AbortController();
  const listenerOptions = { once: true, signal: finished.signal };
  const log: string[] = [];
  let hasStarted = false;
  let device = '';
  // A recorder that has not started recording has nothing to save, and may not receive a stop.
  const stop = () => {
    if (hasStarted || follower.canStop) follower.stop();
    else follower.close();
    if (!hasStarted)
      wait(NOT_RECORDING_MS, undefined, { signal: finished.signal }).then(
        () => follower.close(),
        () => {},
      );
  };
  interrupt.addEventListener('abort', stop, listenerOptions);
  if (interrupt.aborted) stop();
  abandon.addEventListener('abort', () => follower.close(), listenerOptions);
  try {
    for await (const frame of follower.frames()) {
      if (frame.kind === 'hello' && !hasStarted) {
        hasStarted = true;
        device = frame.device;
        onRecording(frame.device, label, ring);
        if (duration !== undefined)
          wait(duration, undefined, { signal: finished.signal }).then(
            () => follower.stop(),
            () => {},
          );
      } else if (frame.kind === 'outage') progress.note(outageNotice(frame, device));
      else if (frame.kind === 'state') onState(frame.values);
      else if (frame.kind === 'log') log.push(frame.text);
      else if (frame.kind === 'over') {
        if (frame.why === 'engine' && !hasStarted)
          throw new RecorderProblem(log.join('\n'), frame.exit);
        if (!hasStarted) {
          interrupt.throwIfAborted();
          throw noRoom(log, ring);
        }
      }
    }
    abandon.throwIfAborted();
    if (!hasStarted) interrupt.throwIfAborted();
  } finally {
    finished.abort();
  }
}

function noRoom(log: readonly string[], { files, fileKilobytes }: RingPlan): Problem {
  return new Problem(
    `the ring of ${files} files of ${bytesText(fileKilobytes * 1000)} cannot be created in the pod: ${log.join('; ')}`,
    {
      kind: 'no-room',
      next: ['use a smaller ring (-C, -W), or write one local file without -C and -W'],
    },
  );
}
