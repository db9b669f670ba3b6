import type { KubeNode } from '../kube/node.ts';
import type { Pod } from '../kube/pod.ts';
import { Problem } from '../problem.ts';

/**
 * What to expect of a pod whose runtime keeps its network in a sandbox: gVisor has a network stack of
 * its own, Kata a kernel of its own. Runtime classes are named by people, mostly after these.
 */
export function sandboxNote({ metadata, spec }: Pod): string | undefined {
  const name = spec.runtimeClassName ?? '';
  const runtime = /gvisor|runsc/i.test(name)
    ? 'gVisor'
    : /kata/i.test(name)
      ? 'Kata Containers'
      : undefined;
  return (
    runtime &&
    `pod "${metadata.name}" runs in ${runtime} (runtime class ${name}), which keeps its network in a sandbox: an ephemeral container may be refused the packets, and the node sees them where they leave the sandbox (--via node) but not its sockets`
  );
}

/** Throws a Problem for a pod behind whose node there is no machine that can be entered. */
export function refuseVirtualNode(what: string, node: KubeNode | undefined): void {
  const provider = virtualProvider(node);
  if (provider !== undefined)
    throw new Problem(
      `${what} is on a virtual node (${provider}): there is no machine whose network could be entered`,
      { next: ['capture in a pod that it talks to, on a node of the cluster'] },
    );
}

/** Whether every pod has a machine of its own there, on which no second pod can be. */
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
