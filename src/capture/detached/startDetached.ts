import { setTimeout as wait } from 'node:timers/promises';
import { addContainer } from '../../debugger/addContainer.ts';
import type { Via } from '../../debugger/container.ts';
import { tcpdumpChangesUser } from '../../debugger/image.ts';
import { chooseRung } from '../../debugger/ladder.ts';
import type { Obstacle } from '../../debugger/obstacle.ts';
import { explainRefusal } from '../../debugger/refusals.ts';
import { waitUntilRunning } from '../../debugger/start.ts';
import { refuseUnsuitable } from '../../debugger/suitability.ts';
import type { KubeApi } from '../../kube/api.ts';
import type { Pod, PullPolicy } from '../../kube/pod.ts';
import { whoWeAre } from '../../kube/review.ts';
import { bytesText } from '../../output/quantities.ts';
import { Problem } from '../../problem.ts';
import { RecorderProblem } from '../directCapture.ts';
import { SpoolGone } from '../fetch/spoolSource.ts';
import { explainRecorder } from '../recorderProblems.ts';
import type { Listing } from '../spool/listing.ts';
import { planRing, type RingPlan, type RingWishes, ringBytes } from '../spool/ringPlan.ts';
import { spoolRoom } from '../spool/spoolRoom.ts';
import { capturesOf, type DetachedCapture } from './captures.ts';
import { detachedContainer, spoolFolder } from './detachedContainer.ts';
import { removeCapture, spoolAccessOf } from './spoolOf.ts';

export interface DetachedRequest {
  /** A free one is made up when absent. */
  readonly name?: string;
  readonly image: string;
  readonly pullPolicy: PullPolicy;
  readonly ring: RingWishes;
  readonly interface?: string;
  readonly snapLength?: number;
  readonly count?: number;
  readonly expression?: string;
  /** Bytes recorded in all. */
  readonly maxBytes?: number;
  /** Seconds from its start to its end. */
  readonly duration: number;
  /** Seconds that what was recorded stays after the end. */
  readonly keep: number;
  readonly volume?: string;
  readonly via?: Via;
  readonly signal: AbortSignal;
  readonly onNote: (text: string) => void;
  readonly onProgress: (text: string) => void;
}

export interface StartedCapture {
  readonly name: string;
  readonly pod: Pod;
  readonly ring: RingPlan;
  readonly listing: Listing;
}

/**
 * A recorder that is started later than this after it was asked for was started a second time, by a
 * kubelet after its node came back: longer than any pull of an image is waited for. In seconds.
 */
const START_WINDOW_S = 15 * 60;
/** How long the recorder may take from its container's start to its first file, in milliseconds. */
const RECORDING_LIMIT_MS = 15_000;
const LOOK_MS = 200;
/** Kernel buffer in KiB, the node's memory and not the pod's: bursts wait here for the disk, unseen. */
const BUFFER_KIB = 65_536;

/** Starts a capture that goes on in a pod without us, and sees it record. Throws a Problem. */
export async function startDetached(
  api: KubeApi,
  pod: Pod,
  request: DetachedRequest,
): Promise<StartedCapture> {
  try {
    return await start(api, pod, request);
  } catch (error) {
    throw explainRefusal(error, pod.metadata.namespace);
  }
}

async function start(api: KubeApi, pod: Pod, request: DetachedRequest): Promise<StartedCapture> {
  const { signal, image, volume, duration, expression } = request;
  refuseUnsuitable(pod);
  const ring = planRing(request.ring, roomBeside(pod, volume), 'detached');
  const created = new Date(api.serverTime());
  const seconds = Math.floor(created.getTime() / 1000);
  const make = (current: Pod, rung: 'least' | 'baseline', owner?: string) => {
    const name = freeCaptureName(current, request.name);
    return detachedContainer(
      {
        name,
        image,
        created,
        ...(owner !== undefined && { owner }),
        ...(volume !== undefined && { volume }),
        spool: spoolFolder(name, pod, volume),
        record: {
          ...ring,
          bufferKibibytes: BUFFER_KIB,
          until: seconds + duration,
          notAfter: seconds + START_WINDOW_S,
          keep: request.keep,
          changesUser: tcpdumpChangesUser(image),
          ...(request.interface !== undefined && { device: request.interface }),
          ...(request.snapLength !== undefined && { snapLength: request.snapLength }),
          ...(request.count !== undefined && { count: request.count }),
          ...(request.maxBytes !== undefined && {
            maxKilobytes: Math.ceil(request.maxBytes / 1000),
          }),
          ...(expression !== undefined && { expression }),
        },
      },
      request.pullPolicy,
      rung,
    );
  };
  const [owner, chosen] = await Promise.all([
    whoWeAre(api, signal),
    chooseRung(api, pod, (rung) => make(pod, rung), signal),
  ]);
  if (chosen.rung === undefined) throw withoutContainer(chosen.obstacle);
  if (chosen.note !== undefined) request.onNote(chosen.note);
  const added = await addContainer(api, pod, (current) => make(current, chosen.rung, owner));
  const { container, changed } = added;
  const capture = capturesOf(changed).find((candidate) => candidate.container === container);
  if (!capture) throw new Problem(`the pod has no container "${container}" after it was added`);
  request.onProgress('starting the capture');
  await waitUntilRunning(api, changed, {
    container,
    image,
    signal,
    onProgress: request.onProgress,
  });
  const listing = await recording(api, capture, request);
  return { name: capture.name, pod, ring, listing };
}

function withoutContainer({ message, next, cause, wayRound }: Obstacle): Problem {
  return new Problem(message, {
    next: [
      ...next,
      'a capture that goes on by itself needs an ephemeral container in the pod',
      ...(wayRound ? ['without --detach it can be made by way of the node: --via node'] : []),
    ],
    cause,
  });
}

/** The room that the captures which are in the pod already leave. */
function roomBeside(pod: Pod, volume: string | undefined) {
  const room = spoolRoom(pod, 'detached', volume);
  const taken = capturesOf(pod)
    .filter(({ state }) => state.kind === 'running' || state.kind === 'starting')
    .reduce((sum, { words }) => sum + ringBytes(ringOf(words)), 0);
  return taken === 0 || room.bytes === Number.POSITIVE_INFINITY
    ? room
    : {
        bytes: Math.max(0, room.bytes - taken),
        reason: `${room.reason}, of which other captures take ${bytesText(taken)}`,
      };
}

function ringOf(words: Readonly<Record<string, string>>) {
  return { fileKilobytes: Number(words.filekb ?? 0), files: Number(words.files ?? 0) };
}

/** The first of capture-1, capture-2 … that no capture in these pods has, or had. */
export function newCaptureName(pods: readonly Pod[]): string {
  const taken = new Set(pods.flatMap(capturesOf).map(({ name }) => name));
  for (let count = 1; ; count++) if (!taken.has(`capture-${count}`)) return `capture-${count}`;
}

/** Names stay taken after a capture's end: a container cannot be removed from a pod. */
function freeCaptureName(pod: Pod, asked: string | undefined): string {
  if (asked === undefined) return newCaptureName([pod]);
  if (capturesOf(pod).some(({ name }) => name === asked))
    throw new Problem(`pod "${pod.metadata.name}" has, or had, a capture named "${asked}"`, {
      next: ['choose another --name: those of ended captures stay taken while the pod lives'],
    });
  return asked;
}

/** Waits until the recorder has its first file; throws its own words when it has none. */
async function recording(
  api: KubeApi,
  capture: DetachedCapture,
  { signal, image, interface: device }: DetachedRequest,
): Promise<Listing> {
  const spool = spoolAccessOf(api, capture, signal);
  const limit = Date.now() + RECORDING_LIMIT_MS;
  for (;;) {
    const listing = await spool.list().catch((error) => {
      // The first moments of the recorder's life: its folder is not there yet.
      if (!(error instanceof SpoolGone) || error.at !== undefined || Date.now() > limit)
        throw error;
      return undefined;
    });
    if (listing?.state.phase === 'recording') return listing;
    if (listing?.state.end) {
      // It holds nothing: no need to keep it for its time.
      await removeCapture(api, capture, signal).catch(() => {});
      throw await notRecording(capture, listing, image, device);
    }
    if (Date.now() > limit)
      throw new Problem(`capture "${capture.name}" has not begun to record yet`, {
        next: [`kubectl netdebug captures status ${capture.name}   shows whether it does`],
      });
    await wait(LOOK_MS, undefined, { signal });
  }
}

async function notRecording(
  { name }: DetachedCapture,
  { state, log }: Listing,
  image: string,
  device: string | undefined,
): Promise<Problem> {
  const said = log.join('\n');
  const problem = new RecorderProblem(said, state.end?.exit ?? 1);
  const explained = await explainRecorder(problem, image, device, async () => []);
  return new Problem(explained.message, {
    exitCode: explained.exitCode,
    next: [...explained.next, `the container of capture "${name}" stays in the pod's spec, ended`],
  });
}
