import type { KubeApi } from '../kube/api.ts';
import type { Target } from '../kube/targets/parseTargets.ts';
import type { ResolvedTarget } from '../kube/targets/resolvedTarget.ts';
import { resolveTargets, skippedText } from '../kube/targets/resolveTargets.ts';

/** Finds the pods and nodes that targets refer to, and reports the skipped ones. Throws a Problem. */
export async function foundTargets(
  api: KubeApi,
  {
    targets,
    maxPods,
    waits = false,
  }: {
    readonly targets: readonly Target[];
    readonly maxPods: number;
    /** Pods that are created later are captured as well, so there need not be any yet. */
    readonly waits?: boolean;
  },
  signal: AbortSignal,
  onNote: (text: string) => void,
): Promise<readonly ResolvedTarget[]> {
  const resolved = await resolveTargets(api, targets, { maxPods, allowEmpty: waits, signal });
  const skipped = skippedText(resolved);
  if (skipped !== undefined) onNote(skipped);
  if (resolved.found.length === 0)
    onNote(`waiting for a pod of ${targets.map(({ text }) => text).join(', ')}`);
  return resolved.found;
}
