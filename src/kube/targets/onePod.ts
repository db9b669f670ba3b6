import { wrongUsage } from '../../problem.ts';
import type { KubeApi } from '../api.ts';
import type { Pod } from '../pod.ts';
import { type Target, targetText } from './parseTargets.ts';
import { resolveTargets } from './resolveTargets.ts';

/** For what is done in one pod: the pod that targets stand for. Throws a Problem when it is not one. */
export async function onePod(
  api: KubeApi,
  targets: readonly Target[],
  signal?: AbortSignal,
): Promise<Pod> {
  const maxPods = Number.POSITIVE_INFINITY;
  const { pods, nodes } = await resolveTargets(api, targets, {
    maxPods,
    ...(signal && { signal }),
  });
  const [pod] = pods;
  if (pod && pods.length === 1 && nodes.length === 0) return pod;
  const text = targets.map(targetText).join(', ');
  if (nodes.length > 0) throw wrongUsage(`${text}: name pods; this is not done on nodes yet`);
  throw wrongUsage(
    `${text}: these are ${pods.length} pods, and this is done in one at a time`,
    `choose one: ${pods
      .slice(0, 10)
      .map(({ metadata }) => metadata.name)
      .join(', ')}${pods.length > 10 ? ' …' : ''}`,
  );
}
