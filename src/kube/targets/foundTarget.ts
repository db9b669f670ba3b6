import type { Pod } from '../pod.ts';

/** What a target refers to: a pod as it was found, or a node by its name. */
export type FoundTarget = { readonly pod: Pod } | FoundNode;

export interface FoundNode {
  readonly pod?: undefined;
  readonly node: string;
  /** The namespace of a debugger pod on the node, unless a setting overrides it. */
  readonly namespace: string;
}

/** The node itself, or the pod's node. Empty for a pod that is not scheduled yet. */
export function nodeOf(found: FoundTarget): string {
  return found.pod ? (found.pod.spec.nodeName ?? '') : found.node;
}

/** Equal only for the same target: another pod with the same name has another key. */
export function keyOf(found: FoundTarget | Pick<FoundNode, 'node' | 'pod'>): string {
  return found.pod ? found.pod.metadata.uid : `node/${found.node}`;
}

/**
 * Names for several targets in messages, tables and file names: `web-1`, or `shop/web-1` if the targets are in several
 * namespaces or the pod is in a different one, or `node/worker-1`.
 */
export function targetNames(targets: readonly FoundTarget[]): (found: FoundTarget) => string {
  const namespaces = new Set(targets.flatMap(({ pod }) => pod?.metadata.namespace ?? []));
  return (found) => {
    if (!found.pod) return `node/${found.node}`;
    const { namespace, name } = found.pod.metadata;
    return namespaces.size > 1 || !namespaces.has(namespace) ? `${namespace}/${name}` : name;
  };
}
