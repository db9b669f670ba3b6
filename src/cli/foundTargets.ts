import type { KubeApi } from '../kube/api.ts';
import type { FoundTarget } from '../kube/targets/foundTarget.ts';
import type { Target } from '../kube/targets/parseTargets.ts';
import { resolveTargets, skippedText } from '../kube/targets/resolveTargets.ts';

/** Finds the pods and nodes that targets stand for, and reports the skipped ones. Throws a Problem. */
export async function foundTargets(
  api: KubeApi,
  { targets, maxPods }: { readonly targets: readonly Target[]; readonly maxPods: number },
  signal: AbortSignal,
  onNote: (text: string) => void,
): Promise<readonly FoundTarget[]> {
  const resolved = await resolveTargets(api, targets, { maxPods, signal });
  const skipped = skippedText(resolved);
  if (skipped !== undefined) onNote(skipped);
  return resolved.found;
}
