import type { KubeApi } from '../kube/api.ts';
import type { KubeNode } from '../kube/node.ts';
import type { Pod } from '../kube/pod.ts';
import { readHandler } from '../kube/runtimeClass.ts';
import { Problem } from '../problem.ts';

/** The usual handlers of containers. */
const PLAIN_HANDLERS = /^(?:runc|crun|youki|nvidia.*)$/;

/** A pod's runtime class, as far as known. */
export interface Runtime {
  readonly className: string;
  /** As returned by `readHandler`. */
  readonly handler: string | undefined;
  /** The sandbox that contains the pod's network, if its name is recognized. */
  readonly sandbox: 'gVisor' | 'Kata Containers' | undefined;
  /** Whether the handler is not a usual one, and may keep the network in a sandbox. */
  readonly isUnusual: boolean;
}

/**
 * The runtime of a pod that has a runtime class; undefined for all others. The names of classes are chosen by people.
 */
export async function runtimeOf(
  api: KubeApi,
  { spec }: Pod,
  signal?: AbortSignal,
): Promise<Runtime | undefined> {
  const className = spec.runtimeClassName;
  if (className === undefined) return undefined;
  const handler = await readHandler(api, className, signal);
  const known = handler === undefined || handler === 'missing' ? className : handler;
  const sandbox = /gvisor|runsc/i.test(known)
    ? 'gVisor'
    : /kata/i.test(known)
      ? 'Kata Containers'
      : undefined;
  return { className, handler, sandbox, isUnusual: !PLAIN_HANDLERS.test(known) };
}

/** Describes a runtime: `runtime class secure, handler runsc`. */
export function runtimeText({ className, handler }: Runtime): string {
  const of = handler === undefined || handler === 'missing' ? '' : `, handler ${handler}`;
  return `runtime class ${className}${of}`;
}

/**
 * What to expect of a pod whose runtime keeps its network in a sandbox: gVisor has its own network stack, Kata its own
 * kernel.
 */
export function sandboxNote({ metadata }: Pod, runtime: Runtime | undefined): string | undefined {
  if (!runtime?.sandbox) return undefined;
  return `pod "${metadata.name}" runs in ${runtime.sandbox} (${runtimeText(runtime)}), which keeps its network in a sandbox: an ephemeral container may not be allowed to capture; the node sees packets that leave the sandbox (--via node), but not its sockets`;
}

/** Throws a Problem for a pod on a virtual node, which has no machine to enter. */
export function refuseVirtualNode(what: string, node: KubeNode | undefined): void {
  const provider = virtualProvider(node);
  if (provider !== undefined)
    throw new Problem(
      `${what} is on a virtual node (${provider}): there is no machine whose network can be entered`,
      { kind: 'unsuitable', next: ['capture in a pod that it communicates with, on another node'] },
    );
}

/** Whether each pod on this node has its own machine, on which no second pod can run. */
export function isFargate(node: KubeNode | undefined): boolean {
  return node?.metadata.labels?.['eks.amazonaws.com/compute-type'] === 'fargate';
}

function virtualProvider(node: KubeNode | undefined): string | undefined {
  const { metadata, spec } = node ?? {};
  const taint = spec?.taints?.find(({ key }) => key === 'virtual-kubelet.io/provider');
  if (taint) return taint.value || 'virtual-kubelet';
  const { type } = metadata?.labels ?? {};
  if (type === 'virtual-kubelet') return type;
  return spec?.providerID?.startsWith('virtual-kubelet') ? 'virtual-kubelet' : undefined;
}
