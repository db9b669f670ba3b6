import type { KubeApi } from '../kube/api.ts';
import type { Target } from '../kube/targets/parseTargets.ts';
import type { ResolvedTarget } from '../kube/targets/resolvedTarget.ts';
import { resolveTargets, skippedNotice } from '../kube/targets/resolveTargets.ts';
import type { Notice } from '../notice.ts';

/** Finds the pods and nodes that targets refer to, and reports the skipped ones. Throws a Problem. */
export async function resolveCaptureTargets(
  api: KubeApi,
  {
    targets,
    maxPods,
    followPods = false,
  }: {
    readonly targets: readonly Target[];
    readonly maxPods: number;
    /** Pods that are created later are captured as well, so there need not be any yet. */
    readonly followPods?: boolean;
  },
  signal: AbortSignal,
  onNote: (notice: Notice) => void,
): Promise<readonly ResolvedTarget[]> {
  const resolution = await resolveTargets(api, targets, {
    maxPods,
    allowEmpty: followPods,
    signal,
  });
  const skipped = skippedNotice(resolution);
  if (skipped) onNote(skipped);
  if (resolution.targets.length === 0)
    onNote({
      kind: 'waiting',
      text: `waiting for a pod of ${targets.map(({ text }) => text).join(', ')}`,
    });
  return resolution.targets;
}
