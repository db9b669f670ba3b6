import type { KubeApi } from '../kube/api.ts';
import type { Pod } from '../kube/pod.ts';
import { type OnePodOptions, onePod } from '../kube/targets/onePod.ts';
import type { Target } from '../kube/targets/parseTargets.ts';
import type { DebuggerRequest } from './container.ts';
import { ensureDebugger, ensureNodeDebugger, type LadderOptions } from './ladder.ts';
import type { Debugger } from './place.ts';

/** A target as it was found: a pod, or a node by name. */
export type FoundTarget =
  | { readonly pod: Pod }
  | { readonly pod?: undefined; readonly node: string };

/** Finds the one pod that targets stand for, or the node that is named. Throws a Problem. */
export async function findTarget(
  api: KubeApi,
  targets: readonly Target[],
  options: OnePodOptions,
): Promise<FoundTarget> {
  const node = namedNode(targets);
  return node === undefined ? { pod: await onePod(api, targets, options) } : { node };
}

/** The name of the node, when targets are one node and nothing else. */
export function namedNode(targets: readonly Target[]): string | undefined {
  const [target] = targets;
  return targets.length === 1 && target?.kind === 'node' ? target.name : undefined;
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
