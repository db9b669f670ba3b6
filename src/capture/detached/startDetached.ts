import { chooseAccessLevel, useNodeInstead } from '../../debugger/accessLevel.ts';
import { addContainer } from '../../debugger/addContainer.ts';
import { planOnNode } from '../../debugger/node/nodeDebugger.ts';
import { nodeTargetOf } from '../../debugger/node/nodePod.ts';
import type { EphemeralLevel } from '../../debugger/profile.ts';
import { explainRefusal } from '../../debugger/refusals.ts';
import { waitUntilRunning } from '../../debugger/start.ts';
import { refuseUnsuitable } from '../../debugger/suitability.ts';
import type { KubeApi } from '../../kube/api.ts';
import { ApiError } from '../../kube/apiError.ts';
import type { EphemeralContainer, Pod } from '../../kube/pod.ts';
import { whoAmI } from '../../kube/review.ts';
import type { ResolvedTarget } from '../../kube/targets/resolvedTarget.ts';
import { bytesText } from '../../output/quantities.ts';
import { Problem } from '../../problem.ts';
import { planRing, ringBytes } from '../spool/ringPlan.ts';
import { spoolRoom } from '../spool/spoolRoom.ts';
import { chooseCaptureName } from './captureNames.ts';
import { capturesOf } from './captures.ts';
import { detachedContainer, spoolFolder } from './detachedContainer.ts';
import { type DetachedRequest, recordOptions } from './detachedRequest.ts';
import { findAddedCapture, undoStart } from './failedStart.ts';
import type { StartedCapture } from './startedCapture.ts';
import { debuggerRequest, startOnNode } from './startOnNode.ts';
import { waitUntilRecording } from './waitUntilRecording.ts';

/** Starts a detached capture in a pod or on a node, and waits until it is recording. Throws a Problem. */
export async function startDetached(
  api: KubeApi,
  target: ResolvedTarget,
  request: DetachedRequest,
): Promise<StartedCapture> {
  try {
    if (!target.pod) return await startOnNode(api, target, request);
    return await startForPod(api, target.pod, request);
  } catch (error) {
    throw explainRefusal(error);
  }
}

/** Starts it in the pod or in a pod on its node, at the first access level that is allowed. */
async function startForPod(
  api: KubeApi,
  pod: Pod,
  request: DetachedRequest,
): Promise<StartedCapture> {
  const { signal, via = 'auto' } = request;
  refuseUnsuitable(pod);
  const target = nodeTargetOf(pod);
  const startViaNode = () => startOnNode(api, target, request);
  if (via === 'node') return startViaNode();
  const make = containerMaker(api, pod, request);
  const [owner, chosen] = await Promise.all([
    whoAmI(api, signal),
    chooseAccessLevel(api, pod, (accessLevel) => make(pod, accessLevel), {
      ...(signal && { signal }),
    }),
  ]);
  if (chosen.accessLevel !== undefined) {
    if (chosen.note !== undefined) request.onNote(chosen.note);
    return startInPod(api, pod, (current) => make(current, chosen.accessLevel, owner), request);
  }
  // A volume of the pod can only be used from within the pod.
  const allowedVia = request.volume === undefined ? via : 'ephemeral';
  const plan = () => planOnNode(api, target, debuggerRequest(request), signal);
  return useNodeInstead(
    pod,
    chosen.noEphemeral,
    allowedVia,
    { plan, byNode: startViaNode },
    request.onNote,
  );
}

/**
 * Returns the function that makes the ephemeral container. The ring is planned only when that function is called,
 * because the room does not matter if the pod cannot have an ephemeral container.
 */
function containerMaker(api: KubeApi, pod: Pod, request: DetachedRequest) {
  const { image, volume, pullPolicy } = request;
  const created = new Date(api.serverTime());
  return (current: Pod, accessLevel: EphemeralLevel, owner?: string) => {
    const ring = planRing(request.ring, remainingRoom(pod, volume), 'detached');
    const record = recordOptions(request, ring, created, { ownPorts: [] });
    const name = chooseCaptureName(current, request.name);
    return detachedContainer(
      {
        name,
        image,
        created,
        ...(owner !== undefined && { owner }),
        ...(volume !== undefined && { volume }),
        spool: spoolFolder(name, pod, volume),
        record,
      },
      pullPolicy,
      accessLevel,
    );
  };
}

async function startInPod(
  api: KubeApi,
  pod: Pod,
  make: (current: Pod) => EphemeralContainer,
  request: DetachedRequest,
): Promise<StartedCapture> {
  const { signal, image, onProgress, onNote } = request;
  let requested: EphemeralContainer | undefined;
  const { container, changed } = await addContainer(api, pod, (current) => {
    requested = make(current);
    return requested;
  }).catch(async (error: unknown) => {
    // If the response was lost, the capture may have been added anyway.
    const added = mayHaveSucceeded(error) ? await findAddedCapture(api, pod, requested) : undefined;
    throw added ? await undoStart(api, added, request, error) : error;
  });
  const capture = capturesOf(changed).find((candidate) => candidate.container === container);
  if (!capture)
    throw new Problem(`the pod has no container "${container}" after it was added`, {
      kind: 'denied',
    });
  const { namespace, name } = pod.metadata;
  onProgress('starting the capture');
  try {
    await waitUntilRunning(api, changed, { container, image, signal, onProgress, onNote });
    const listing = await waitUntilRecording(api, capture, request);
    return { capture, label: `pod ${namespace}/${name}`, listing };
  } catch (error) {
    throw await undoStart(api, capture, request, error);
  }
}

/** Whether a failed request may have been carried out. */
function mayHaveSucceeded(error: unknown): boolean {
  return !(error instanceof ApiError) || error.code >= 500;
}

/** The room that is left beside the captures already in the pod. */
function remainingRoom(pod: Pod, volume: string | undefined) {
  const room = spoolRoom(pod, 'detached', volume);
  const used = capturesOf(pod)
    .filter(({ state }) => state.kind === 'running' || state.kind === 'starting')
    .reduce((sum, { options }) => sum + ringBytes(ringOf(options)), 0);
  return used === 0 || room.bytes === Number.POSITIVE_INFINITY
    ? room
    : {
        bytes: Math.max(0, room.bytes - used),
        reason: `${room.reason}, ${bytesText(used)} of it used by other captures`,
      };
}

function ringOf(options: Readonly<Record<string, string>>) {
  return { fileKilobytes: Number(options.filekb ?? 0), files: Number(options.files ?? 0) };
}
