import type { DebuggerRequest } from '../debugger/container.ts';
import { runtimeOf } from '../debugger/hiddenNetwork.ts';
import { namespaceFor } from '../debugger/node/nodePod.ts';
import { explainRefusal } from '../debugger/refusals.ts';
import type { KubeApi } from '../kube/api.ts';
import { readNode } from '../kube/node.ts';
import type { Pod } from '../kube/pod.ts';
import { onePod } from '../kube/targets/oneTarget.ts';
import type { NamedTarget } from '../kube/targets/parseTargets.ts';
import type { Notice } from '../notice.ts';
import { type Check, failedCheck } from './check.ts';
import { checkDebugger } from './debuggerCheck.ts';
import { nodeChecks } from './nodeChecks.ts';
import type { DebuggerCheck } from './nodeDebuggerCheck.ts';
import { checkNodeDebugger, namespaceWithoutNodeRole } from './nodeDebuggerCheck.ts';
import { podChecks } from './podChecks.ts';
import { toolChecks } from './toolChecks.ts';
import { unstartedChecks } from './unstartedChecks.ts';

/** The checks for a target, and how it would be entered. */
interface TargetDiagnosis extends DebuggerCheck {
  /** The pod that it refers to. */
  readonly pod?: string;
}

/** Checks everything about a target that can be checked without changing anything. */
export async function diagnoseTarget(
  api: KubeApi,
  target: NamedTarget,
  request: DebuggerRequest,
  signal: AbortSignal,
): Promise<TargetDiagnosis> {
  if (target.kind === 'node') return diagnoseNode(api, target, request, signal);
  const notes: Check[] = [];
  try {
    const onNote = ({ text }: Notice) => notes.push({ check: 'pod', level: 'ok', text });
    const pod = await onePod(api, [target], { signal, onNote });
    const debuggerCheck = await diagnosePod(api, pod, request, signal);
    return {
      ...debuggerCheck,
      checks: [...notes, ...debuggerCheck.checks],
      pod: pod.metadata.name,
    };
  } catch (error) {
    signal.throwIfAborted();
    const namespace = namespaceFor(target, request);
    const missingNodeRole =
      request.via === 'node' ? await namespaceWithoutNodeRole(api, namespace, signal) : undefined;
    return {
      checks: [failedCheck('pod', explainRefusal(error))],
      byNode: false,
      ...(target.kind === 'pod' && { pod: target.name }),
      ...(missingNodeRole !== undefined && { missingNodeRole }),
    };
  }
}

async function diagnosePod(
  api: KubeApi,
  pod: Pod,
  request: DebuggerRequest,
  signal: AbortSignal,
): Promise<DebuggerCheck> {
  const node = pod.spec.nodeName;
  const [nodeChecks, runtime, unstarted] = await Promise.all([
    node === undefined ? [] : readNodeChecks(api, node, request.image, signal),
    runtimeOf(api, pod, signal),
    unstartedChecks(api, pod, request, signal),
  ]);
  const checks = [...podChecks(pod, runtime), ...nodeChecks, ...unstarted];
  // If the pod cannot be entered, it does not matter whether the API server would accept a container.
  if (checks.some(({ level }) => level === 'fail')) return { checks, byNode: false };
  const debuggerCheck = await checkDebugger(api, pod, request, signal);
  const { namespace, name } = pod.metadata;
  const tools =
    debuggerCheck.running === undefined
      ? []
      : await toolChecks(api, { namespace, pod: name, container: debuggerCheck.running }, signal);
  return { ...debuggerCheck, checks: [...checks, ...debuggerCheck.checks, ...tools] };
}

/** Checks a node itself. Its network can only be entered from a pod on it. */
async function diagnoseNode(
  api: KubeApi,
  { name: node, namespace }: NamedTarget,
  request: DebuggerRequest,
  signal: AbortSignal,
): Promise<DebuggerCheck> {
  const checks = await readNodeChecks(api, node, request.image, signal);
  if (checks.some(({ level }) => level === 'fail')) return { checks, byNode: false };
  const network: Check = {
    check: 'network',
    level: 'warning',
    text: "the node's: packets and sockets of the whole node are shown",
  };
  const debuggerCheck =
    request.via === 'ephemeral'
      ? { checks: [NO_EPHEMERAL_ON_NODE], byNode: false }
      : await checkNodeDebugger(api, { node, namespace }, request, signal);
  return { ...debuggerCheck, checks: [...checks, network, ...debuggerCheck.checks] };
}

const NO_EPHEMERAL_ON_NODE: Check = {
  check: 'node debugger',
  level: 'fail',
  kind: 'usage',
  text: 'a node has no containers: --via ephemeral is for pods',
};

async function readNodeChecks(
  api: KubeApi,
  node: string,
  image: string,
  signal: AbortSignal,
): Promise<Check[]> {
  try {
    return nodeChecks(node, await readNode(api, node, signal), image);
  } catch (error) {
    signal.throwIfAborted();
    return [failedCheck('node', error)];
  }
}
