import type { Pod } from '../pod.ts';

/** What a target refers to: a pod as it was found, or a node by its name. */
export type ResolvedTarget = { readonly pod: Pod } | ResolvedNode;

export interface ResolvedNode {
  readonly pod?: undefined;
  readonly node: string;
  /** The namespace of a debugger pod on the node, unless a setting overrides it. */
  readonly namespace: string;
}

/** The node itself, or the pod's node. Empty for a pod that is not scheduled yet. */
export function targetNode(target: ResolvedTarget): string {
  return target.pod ? (target.pod.spec.nodeName ?? '') : target.node;
}

/** Equal only for the same target: another pod with the same name has another key. */
export function targetKey(target: ResolvedTarget | Pick<ResolvedNode, 'node' | 'pod'>): string {
  return target.pod ? target.pod.metadata.uid : `node/${target.node}`;
}

/**
 * Names for several targets in messages, tables and file names: `web-1`, or `shop/web-1` if the targets are in several
 * namespaces or the pod is in a different one, or `node/worker-1`.
 */
export function targetNames(
  targets: readonly ResolvedTarget[],
): (target: ResolvedTarget) => string {
  const namespaces = new Set(targets.flatMap(({ pod }) => pod?.metadata.namespace ?? []));
  return (target) => {
    if (!target.pod) return `node/${target.node}`;
    const { namespace, name } = target.pod.metadata;
    return namespaces.size > 1 || !namespaces.has(namespace) ? `${namespace}/${name}` : name;
  };
}
