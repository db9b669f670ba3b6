import { randomBytes } from 'node:crypto';
import type { KubeApi } from '../../kube/api.ts';
import { isApiError } from '../../kube/apiError.ts';
import { type KubeNode, readNode } from '../../kube/node.ts';
import { type NewPod, type Pod, podPath, podsPath } from '../../kube/pod.ts';
import { whoAmI } from '../../kube/review.ts';
import { Problem } from '../../problem.ts';
import type { DebuggerRequest } from '../container.ts';
import type { Debugger } from '../debugger.ts';
import { isFargate, refuseVirtualNode } from '../hiddenNetwork.ts';
import { missingPodPermission } from '../missingPermissions.ts';
import { missingExecPermission, NodePermissionsMissing, NodeRefused } from '../noEphemeral.ts';
import { refusalOf } from '../refusal.ts';
import { notReadyText } from '../silentNode.ts';
import type { AccessOptions } from '../start.ts';
import { waitUntilRunning } from '../start.ts';
import { isWindows } from '../suitability.ts';
import { DRY_RUN, tryExec, verdictOf } from '../trial.ts';
import { findTarget, type TargetNetwork } from './findTarget.ts';
import {
  isOfNode,
  NODE_CONTAINER,
  type NodePodOptions,
  type NodeTarget,
  namespaceFor,
  nodePod,
  readsFacts,
} from './nodePod.ts';
import { execInPodRefused, nodeRoleSteps, podRefused } from './nodeRefusals.ts';
import { deleteEndedNodePods, deleteNodePod, undoNodePod } from './removal.ts';

/**
 * Creates a debugger on a node: a pod there that finds the target's network and holds it open. Closing the debugger
 * deletes the pod. Throws NodeRefused if such a pod is not allowed, and another Problem if it does not start; what was
 * created until then is deleted.
 */
export async function nodeDebugger(
  api: KubeApi,
  target: NodeTarget,
  request: DebuggerRequest,
  options: AccessOptions & { readonly unconfined?: boolean },
): Promise<Debugger> {
  const plan = await planOnNode(api, target, request, options.signal);
  const known = { ...plan, ...(options.unconfined && { unconfined: true }) };
  deleteEndedNodePods(api, known.namespace);
  try {
    return await createDebugger(api, target, request, known, options);
  } catch (error) {
    if (!(error instanceof Confined)) throw error;
    const retry = { ...known, name: nodePodName(), unconfined: true };
    return createDebugger(api, target, request, retry, options);
  }
}

/**
 * Returns where the node debugger's pod would be, after checking that it is allowed. Creates nothing. Throws
 * NodeRefused, or another Problem for a node that has no machine.
 */
export async function planOnNode(
  api: KubeApi,
  target: NodeTarget,
  request: DebuggerRequest,
  signal?: AbortSignal,
): Promise<NodePodOptions> {
  const plan = { name: nodePodName(), namespace: namespaceFor(target, request) };
  const { owner } = await checkAllowed(api, target, nodePod(target, request, plan), signal);
  return { ...plan, ...(owner !== undefined && { owner }) };
}

/** AppArmor confines the debugger, which may be why it cannot inspect other processes. */
class Confined extends Problem {}

function nodePodName(): string {
  return `netdebug-node-${randomBytes(4).toString('hex')}`;
}

/** Creates the pod and finds the target from it. If that fails, deletes the pod. */
async function createDebugger(
  api: KubeApi,
  target: NodeTarget,
  request: DebuggerRequest,
  plan: NodePodOptions,
  { signal, onProgress, onNote }: AccessOptions,
): Promise<Debugger> {
  const { namespace, name } = plan;
  onProgress?.(`starting a pod on node ${target.node}`);
  const ref = { namespace, pod: name, container: NODE_CONTAINER };
  const close = async () => {
    await deleteNodePod(api, namespace, name);
  };
  try {
    const home = await api
      .post<Pod>(podsPath(namespace), nodePod(target, request, plan))
      .catch((error: unknown) => {
        // A webhook that does not support dry runs refuses the pod only now.
        const refusal = refusalOf(error);
        throw refusal ? podRefused(refusal, namespace) : error;
      });
    signal?.throwIfAborted();
    await waitUntilRunning(api, home, {
      container: NODE_CONTAINER,
      image: request.image,
      ownPod: true,
      ...(onProgress && { onProgress }),
      ...(onNote && { onNote }),
      ...(signal && { signal }),
    });
    const where = readsFacts(request)
      ? { ownPorts: [] }
      : enterTarget(await findTarget(api.access, ref, signal), target, request.image, plan);
    return {
      ...ref,
      ...where,
      kind: 'node',
      accessLevel: 'node',
      fresh: true,
      home: await api.get<Pod>(podPath(namespace, name), { ...(signal && { signal }) }),
      ofNode: isOfNode(target),
      close: request.keepNode === undefined ? close : async () => {},
    };
  } catch (error) {
    throw await undoNodePod(api, namespace, name, error);
  }
}

function enterTarget(
  result: TargetNetwork,
  target: NodeTarget,
  image: string,
  { unconfined }: NodePodOptions,
): Pick<Debugger, 'enter' | 'ownPorts'> {
  switch (result.kind) {
    case 'node':
      return { ownPorts: result.ports };
    case 'pod':
      return { enter: ['nsenter', `-n/proc/${result.holder}/fd/9`, '--'], ownPorts: [] };
    case 'missing':
      throw new Problem(
        `the image ${image} has no ${result.program}, which a pod on the node needs`,
        {
          kind: 'image',
          next: ['choose an image that has it with --image'],
        },
      );
    case 'nowhere':
      throw new Problem(
        `no process of pod "${target.pod?.metadata.name}" was found on node "${target.node}"`,
        {
          kind: 'unsuitable',
          next: [
            'its containers may have ended just now: run the command again',
            'runtimes that run pods in virtual machines have no processes of the pods on the node',
          ],
        },
      );
    case 'denied': {
      const message = `the debugger on node "${target.node}" may not inspect the network of pod "${target.pod?.metadata.name}"`;
      if (result.confined && !unconfined) throw new Confined(message, { kind: 'denied' });
      throw new Problem(message, {
        kind: 'denied',
        next: ['a security module of the node, such as SELinux, or a policy forbids it'],
      });
    }
  }
}

/** Makes all checks at once, before anything is created. Throws NodeRefused. */
async function checkAllowed(
  api: KubeApi,
  target: NodeTarget,
  pod: NewPod,
  signal: AbortSignal | undefined,
): Promise<{ owner: string | undefined }> {
  const { namespace, name } = pod.metadata;
  const withSignal = signal && { signal };
  const [node, verdict, exec, lacked, owner] = await Promise.all([
    readNode(api, target.node, signal),
    verdictOf(api.post(podsPath(namespace), pod, { query: DRY_RUN, ...withSignal })).catch(
      (error: unknown) => {
        throw explainMissing(error, namespace);
      },
    ),
    tryExec(api, namespace, name, signal),
    missingPodPermission(api, namespace, signal),
    whoAmI(api, signal),
  ]);
  refuseNode(target, node);
  if (verdict.kind === 'refused') throw podRefused(verdict, namespace);
  const lacksExec = exec.kind === 'refused' && exec.by === 'rights' && missingExecPermission(exec);
  if (exec.kind === 'refused' && !lacksExec) throw execInPodRefused(exec, namespace);
  const lacks = lacksExec || lacked;
  if (lacks !== undefined)
    throw new NodePermissionsMissing(
      `you may not ${lacks} in namespace "${namespace}"; nothing was created`,
      { kind: 'forbidden', next: nodeRoleSteps(namespace) },
    );
  return { owner };
}

/** A dry run does not detect a missing namespace for a new pod. */
function explainMissing(error: unknown, namespace: string): unknown {
  if (!isApiError(error, 404)) return error;
  return new NodeRefused(error.message, {
    next: [
      `create it (kubectl create namespace ${namespace}), or choose another with --node-namespace`,
    ],
    cause: error,
  });
}

function refuseNode({ node: name, pod }: NodeTarget, node: KubeNode | undefined): void {
  const what = pod ? `pod "${pod.metadata.name}"` : `node "${name}"`;
  refuseVirtualNode(what, node);
  if (isWindows(node))
    throw new NodeRefused(`node "${name}" runs Windows, so it cannot run a Linux pod`, {
      kind: 'unsuitable',
      next: ['on the node: pktmon start --capture, or netsh trace start capture=yes'],
    });
  if (isFargate(node))
    throw new NodeRefused(`node "${name}" is a Fargate machine, which can only run one pod`, {
      kind: 'unsuitable',
    });
  const notReady = notReadyText(node);
  if (notReady !== undefined)
    throw new NodeRefused(`no pod can start on node "${name}": ${notReady}`, {
      kind: 'unsuitable',
    });
}
