import type { KubeApi } from '../kube/api.ts';
import type { Pod } from '../kube/pod.ts';
import { findPod, nodePlace, parseTarget } from '../kube/target.ts';
import type { DebuggerRequest } from './container.ts';
import { ensureDebugger, ensureNodeDebugger, type LadderOptions } from './ladder.ts';
import type { Debugger } from './place.ts';

/** A target as it was found: a pod, or a node by name. */
export type FoundTarget =
  | { readonly pod: Pod }
  | { readonly pod?: undefined; readonly node: string };

/** Finds what a target names in our namespace. Throws a Problem. */
export async function findTarget(api: KubeApi, target: string): Promise<FoundTarget> {
  const node = nodePlace(target);
  if (node !== undefined) return { node };
  return { pod: await findPod(api, api.access.namespace, parseTarget(target).pod) };
}

/** A debugger for a target, as `ensureDebugger` gives it. */
export function debuggerFor(
  api: KubeApi,
  found: FoundTarget,
  request: DebuggerRequest,
  options: LadderOptions,
): Promise<Debugger> {
  return found.pod
    ? ensureDebugger(api, found.pod, request, options)
    : ensureNodeDebugger(api, found.node, request, options);
}
