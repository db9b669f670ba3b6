import { setTimeout as wait } from 'node:timers/promises';
import { type Debugger, ensureDebugger } from '../../debugger/ephemeral.ts';
import { tcpdumpChangesUser } from '../../debugger/image.ts';
import { LeasedProcess } from '../../debugger/leasedProcess.ts';
import { explainRefusal } from '../../debugger/refusals.ts';
import type { KubeApi } from '../../kube/api.ts';
import type { Pod } from '../../kube/pod.ts';
import { findPod, parseTarget } from '../../kube/target.ts';
import { bytesText } from '../../output/quantities.ts';
import { Problem } from '../../problem.ts';
import { RecorderProblem } from '../directCapture.ts';
import { fetchManner } from '../fetch/fetchManner.ts';
import { type FetchOptions, fetchSpool } from '../fetch/fetchSpool.ts';
import { PodSpool } from '../fetch/podSpool.ts';
import { fateOf } from '../follower/fate.ts';
import { Follower } from '../follower/follower.ts';
import type { Values } from '../follower/frames.ts';
import type { Manifest } from '../manifest.ts';
import { explainFailure } from '../recorderProblems.ts';
import type { Recording } from '../recording.ts';
import type { RecordOptions } from '../spool/recordArguments.ts';
import { planRing, type RingPlan, type RingWishes } from '../spool/ringPlan.ts';
import { followProgram, removeSpool } from '../spool/spoolCommands.ts';
import { newSpoolFolder } from '../spool/spoolPlan.ts';
import { spoolRoom } from '../spool/spoolRoom.ts';

export interface RingRecording
  extends Omit<Recording, 'output' | 'stream' | 'format' | 'progress'>,
    Pick<FetchOptions, 'folder' | 'onNote' | 'onProgress'> {
  readonly ring: RingWishes;
  readonly force: boolean;
  readonly onNote: (text: string) => void;
  readonly onWaiting: (text: string) => void;
  /** It records: on which interface, into which ring. */
  readonly onRecording: (device: string, pod: Pod, ring: RingPlan) => void;
  /** About once a second: bytes the ring holds, bytes removed and so on. */
  readonly onState: (values: Values) => void;
}

/** No file has this number: whoever reads from it on keeps the recorder going and reads nothing. */
const BEYOND = 999_999_999;
/** Kernel buffer in KiB, the node's memory and not the pod's: bursts wait here for the disk. */
const BUFFER_KIB = 32_768;
/** How long what was recorded waits for a client that lost the connection while it copied. */
const KEEP_S = 600;
const REMOVE_MS = 5_000;

/**
 * Records one pod's packets into a ring of files in its debugger until it is interrupted, its time is
 * over or it has what it was asked for; then copies the files here and proves them. Gives the
 * manifest. Throws a Problem.
 */
export async function recordRing(api: KubeApi, recording: RingRecording): Promise<Manifest> {
  const { settings, interrupt } = recording;
  const { namespace } = api.access;
  try {
    const pod = await findPod(api, namespace, parseTarget(recording.target).pod);
    interrupt.throwIfAborted();
    const room = spoolRoom(pod, 'foreground');
    const ring = planRing(recording.ring, room, 'foreground');
    const place = await ensureDebugger(
      api,
      pod,
      { profile: 'network', ...settings },
      { onProgress: recording.onWaiting, signal: interrupt },
    );
    const record = {
      ...recordOptions(recording, ring),
      ...(room.bytes < Number.POSITIVE_INFINITY && {
        roomKilobytes: Math.floor(room.bytes / 1000),
      }),
    };
    try {
      return await holdAndFetch(api, pod, place, ring, record, recording);
    } catch (error) {
      throw await explainFailure(error, api, place, settings.image, recording.interface);
    }
  } catch (error) {
    throw explainRefusal(error, namespace);
  }
}

async function holdAndFetch(
  api: KubeApi,
  pod: Pod,
  place: Debugger,
  ring: RingPlan,
  record: RecordOptions,
  recording: RingRecording,
): Promise<Manifest> {
  const spool = newSpoolFolder();
  const follower = new Follower({
    from: { seq: BEYOND, offset: 0 },
    attach: (position, start, signal) =>
      LeasedProcess.start(
        api.access,
        place,
        followProgram(spool, position, start ? record : undefined),
        signal,
      ),
    linger: recording.linger,
    fate: () => fateOf(api, place, pod),
    onCut: (reason) =>
      recording.onNote(`connection lost (${reason}); the recorder in the pod goes on: resuming…`),
    onResumed: (milliseconds) =>
      recording.onNote(`connected again after ${(milliseconds / 1000).toFixed(1)} s`),
  });
  let acknowledged = false;
  try {
    await hold(follower, pod, ring, recording);
    const { folder, force, onNote, onProgress, abandon, target } = recording;
    const { name, namespace, uid } = pod.metadata;
    const manifest = await fetchSpool(new PodSpool(api, place, uid, spool), {
      folder,
      force,
      onNote,
      ...(onProgress && { onProgress }),
      ...fetchManner(pod),
      signal: abandon,
      origin: {
        capture: name,
        target,
        namespace,
        pod: name,
        podUid: uid,
        container: place.container,
        image: recording.settings.image,
        ...(pod.spec.nodeName !== undefined && { node: pod.spec.nodeName }),
      },
    });
    acknowledged = await follower.acknowledge(REMOVE_MS);
    return manifest;
  } finally {
    follower.close();
    if (!acknowledged) await removeSpool(api.access, place, spool, REMOVE_MS);
  }
}

/** Keeps the recorder going until one of its ends or ours. Throws when it recorded nothing. */
async function hold(
  follower: Follower,
  pod: Pod,
  ring: RingPlan,
  { interrupt, abandon, duration, onRecording, onState }: RingRecording,
): Promise<void> {
  const finished = new AbortController();
  const released = { once: true, signal: finished.signal };
  const said: string[] = [];
  let began = false;
  interrupt.addEventListener('abort', () => follower.stop(), released);
  if (interrupt.aborted) follower.stop();
  abandon.addEventListener('abort', () => follower.close(), released);
  try {
    for await (const frame of follower.frames()) {
      if (frame.kind === 'hello' && !began) {
        began = true;
        onRecording(frame.device, pod, ring);
        if (duration !== undefined)
          wait(duration, undefined, { signal: finished.signal }).then(
            () => follower.stop(),
            () => {},
          );
      } else if (frame.kind === 'state') onState(frame.values);
      else if (frame.kind === 'log') said.push(frame.text);
      else if (frame.kind === 'over') {
        if (frame.why === 'engine') throw new RecorderProblem(said.join('\n'), frame.exit);
        if (!began) throw noRoom(said, ring);
      }
    }
    abandon.throwIfAborted();
  } finally {
    finished.abort();
  }
}

function noRoom(said: readonly string[], { files, fileKilobytes }: RingPlan): Problem {
  return new Problem(
    `the ring of ${files} files of ${bytesText(fileKilobytes * 1000)} cannot be made in the pod: ${said.join('; ')}`,
    { next: ['ask for a smaller one, with -C and -W, or leave them out and write one file here'] },
  );
}

function recordOptions(recording: RingRecording, ring: RingPlan): RecordOptions {
  const { interface: device, snapLength, count, expression, maxBytes } = recording;
  return {
    ...(device !== undefined && { device }),
    ...(snapLength !== undefined && { snapLength }),
    ...(count !== undefined && { count }),
    ...(expression !== undefined && { expression }),
    ...(maxBytes !== undefined && { maxKilobytes: Math.ceil(maxBytes / 1000) }),
    ...ring,
    bufferKibibytes: BUFFER_KIB,
    linger: Math.ceil(recording.linger / 1000),
    keep: KEEP_S,
    changesUser: tcpdumpChangesUser(recording.settings.image),
  };
}
