import type { Pod } from '../pod.ts';

/** What a target stands for: a pod as it was found, or a node by its name. */
export type FoundTarget = { readonly pod: Pod } | FoundNode;

export interface FoundNode {
  readonly pod?: undefined;
  readonly node: string;
  /** Where a debugger on it is made, unless a setting says otherwise. */
  readonly namespace: string;
}

/** The node itself, or the pod's node; empty for a pod that is not scheduled yet. */
export function nodeOf(found: FoundTarget): string {
  return found.pod ? (found.pod.spec.nodeName ?? '') : found.node;
}

/** The same for the same target only: a pod's successor of the same name has another key. */
export function keyOf(found: FoundTarget | Pick<FoundNode, 'node' | 'pod'>): string {
  return found.pod ? found.pod.metadata.uid : `node/${found.node}`;
}

/**
 * Names for several targets in messages, tables and file names: `web-1`, or `shop/web-1` where they are in several
 * namespaces or the pod is in another one than they; `node/worker-1`.
 */
export function targetNames(targets: readonly FoundTarget[]): (found: FoundTarget) => string {
  const namespaces = new Set(targets.flatMap(({ pod }) => pod?.metadata.namespace ?? []));
  return (found) => {
    if (!found.pod) return `node/${found.node}`;
    const { namespace, name } = found.pod.metadata;
    return namespaces.size > 1 || !namespaces.has(namespace) ? `${namespace}/${name}` : name;
  };
}
