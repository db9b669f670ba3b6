import { randomBytes } from 'node:crypto';
import type { DebuggerRequest } from '../../debugger/container.ts';
import type { Debugger } from '../../debugger/debugger.ts';
import { nodeDebugger } from '../../debugger/node/nodeDebugger.ts';
import {
  type NodeTarget,
  nodePod,
  nodePodTarget,
  targetAnnotation,
} from '../../debugger/node/nodePod.ts';
import { undoNodePod } from '../../debugger/node/removal.ts';
import { waitUntilRunning } from '../../debugger/start.ts';
import type { KubeApi } from '../../kube/api.ts';
import { type Pod, podsPath } from '../../kube/pod.ts';
import { whoAmI } from '../../kube/review.ts';
import { Problem, wrongUsage } from '../../problem.ts';
import { nodeNetworkNote } from '../recorder/nodeNetworkNote.ts';
import { describeTarget } from '../recorder/recording.ts';
import { planRing } from '../spool/ringPlan.ts';
import { spoolRoom } from '../spool/spoolRoom.ts';
import { inSeconds } from '../units.ts';
import { listNodePods, newCaptureName } from './captureNames.ts';
import { capturesOf, type DetachedCapture } from './captures.ts';
import { recorderOf, spoolFolder } from './detachedContainer.ts';
import { type DetachedRequest, recordOptions, START_WINDOW_S } from './detachedRequest.ts';
import type { StartedCapture } from './startedCapture.ts';
import { waitUntilRecording } from './waitUntilRecording.ts';

/**
 * Starts a capture in a separate pod on a node. A debugger runs first: it finds the target and determines what to
 * exclude from the capture, because nothing can be excluded while the capture runs.
 */
export async function startOnNode(
  api: KubeApi,
  target: NodeTarget,
  request: DetachedRequest,
): Promise<StartedCapture> {
  if (request.volume !== undefined)
    throw wrongUsage('--volume names a volume of the pod, which cannot be used from its node');
  const { onProgress, onNote, signal } = request;
  const dbg = await nodeDebugger(api, target, debuggerRequest(request), { onProgress, signal });
  let created: Pod;
  try {
    const note = nodeNetworkNote(dbg, target.pod?.metadata.name);
    if (note !== undefined) onNote(note);
    created = await createCapturePod(api, target, dbg, request);
  } finally {
    await dbg.close();
  }
  try {
    const listing = await waitForStart(api, created, request);
    const label = describeTarget(target, dbg);
    return { capture: captureOf(created), label, listing };
  } catch (error) {
    throw await undoNodePod(api, created.metadata.namespace, created.metadata.name, error);
  }
}

/** The request for both the preceding debugger and the capture's own pod. */
export function debuggerRequest(request: DetachedRequest): DebuggerRequest {
  return { ...request, profile: 'network', command: 'capture' };
}

async function createCapturePod(
  api: KubeApi,
  target: NodeTarget,
  dbg: Debugger,
  request: DetachedRequest,
): Promise<Pod> {
  const { namespace, home } = dbg;
  const name = await chooseName(api, namespace, target, request);
  // Admission adds to this pod what it added to the debugger's pod, so both have the same limits.
  const ring = planRing(request.ring, spoolRoom(home, 'detached'), 'detached');
  const created = new Date(api.serverTime());
  const owner = await whoAmI(api, request.signal);
  const ownerField = owner !== undefined && { owner };
  const recorder = recorderOf({
    name,
    image: request.image,
    created,
    ...ownerField,
    spool: spoolFolder(name, home, undefined),
    record: recordOptions(request, ring, created, dbg),
  });
  const deadline = inSeconds(request.spec.duration) + inSeconds(request.keep) + START_WINDOW_S;
  const podName = `netdebug-capture-${name}-${randomBytes(4).toString('hex')}`;
  const pod = nodePod(target, debuggerRequest(request), {
    name: podName,
    namespace,
    ...ownerField,
    unconfined: isUnconfined(home),
    recorder: { ...recorder, deadline },
  });
  try {
    return await api.post<Pod>(podsPath(namespace), pod);
  } catch (error) {
    // If the response was lost, the pod may exist and would record until its deadline.
    throw await undoNodePod(api, namespace, podName, error);
  }
}

/** The requested name or a new one. Throws a Problem if another capture of the target has it. */
async function chooseName(
  api: KubeApi,
  namespace: string,
  target: NodeTarget,
  { name, signal }: DetachedRequest,
): Promise<string> {
  const pods = await listNodePods(api, new Set([namespace]), signal);
  if (name === undefined) return newCaptureName([...pods, ...(target.pod ? [target.pod] : [])]);
  const targetText = nodePodTarget({ namespace, annotations: targetAnnotation(target) });
  const taken = pods
    .flatMap(capturesOf)
    .find((capture) => capture.name === name && capture.target === targetText);
  if (taken)
    throw new Problem(`a capture "${name}" of ${targetText} already exists`, {
      kind: 'exists',
      next: [
        'choose another --name',
        `or remove it with: kubectl netdebug captures rm ${targetText}/${name} -n ${namespace}`,
      ],
    });
  return name;
}

async function waitForStart(api: KubeApi, pod: Pod, request: DetachedRequest) {
  const { image, signal, onProgress, onNote } = request;
  const capture = captureOf(pod);
  onProgress('starting the capture');
  await waitUntilRunning(api, pod, {
    container: capture.container,
    image,
    ownPod: true,
    signal,
    onProgress,
    onNote,
  });
  return waitUntilRecording(api, capture, request);
}

function captureOf(pod: Pod): DetachedCapture {
  const [capture] = capturesOf(pod);
  if (!capture)
    throw new Problem(
      `pod "${pod.metadata.name}" was changed by an admission webhook or policy, and cannot be used for a capture`,
      {
        kind: 'denied',
      },
    );
  return capture;
}

/** Whether the debugger had to run without AppArmor's profile. */
function isUnconfined({ spec: { containers } }: Pod): boolean {
  return containers[0]?.securityContext?.appArmorProfile?.type === 'Unconfined';
}
