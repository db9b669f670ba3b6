import { wrongUsage } from '../../problem.ts';
import type { KubeApi } from '../api.ts';
import type { Pod } from '../pod.ts';
import { type Target, targetText } from './parseTargets.ts';
import { leftOutText, resolveTargets } from './resolveTargets.ts';

export interface OnePodOptions {
  readonly signal: AbortSignal;
  /** Told which pods were left out, and why. */
  readonly onNote: (text: string) => void;
}

/** How many names are told to choose from. */
const NAMES_SHOWN = 10;

/** For what is done in one pod: the pod that targets stand for. Throws a Problem when it is not one. */
export async function onePod(
  api: KubeApi,
  targets: readonly Target[],
  { signal, onNote }: OnePodOptions,
): Promise<Pod> {
  const found = await resolveTargets(api, targets, { maxPods: Number.POSITIVE_INFINITY, signal });
  const { pods } = found;
  refuseNodes(found.nodes);
  const [pod, another] = pods;
  const text = targets.map(targetText).join(', ');
  if (!pod || another)
    throw wrongUsage(
      `${text}: these are ${pods.length} pods, and this is done in one at a time`,
      `choose one: ${pods
        .slice(0, NAMES_SHOWN)
        .map(({ metadata }) => metadata.name)
        .join(', ')}${pods.length > NAMES_SHOWN ? ' …' : ''}`,
    );
  const leftOut = leftOutText(found);
  if (leftOut !== undefined) onNote(leftOut);
  return pod;
}

/** For what is done in pods alone. */
export function refuseNodes(nodes: readonly string[]): void {
  if (nodes.length > 0)
    throw wrongUsage(
      `node/${nodes[0]}: this is done in pods, not on nodes`,
      'name a pod on that node that has hostNetwork',
    );
}
