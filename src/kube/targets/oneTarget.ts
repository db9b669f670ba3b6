import type { Notice } from '../../notice.ts';
import { wrongUsage } from '../../problem.ts';
import type { KubeApi } from '../api.ts';
import type { Pod } from '../pod.ts';
import type { Target } from './parseTargets.ts';
import { type ResolvedTarget, targetNames } from './resolvedTarget.ts';
import { resolveTargets, skippedNotice } from './resolveTargets.ts';

export interface OneTargetOptions {
  readonly signal: AbortSignal;
  /** Called with the skipped pods and the reasons. */
  readonly onNote: (notice: Notice) => void;
}

/** How many names to list as a choice. */
const MAX_NAMES_SHOWN = 10;

/**
 * The pod or node that the targets refer to, for commands that take a single one. Throws a Problem if there are
 * several.
 */
export async function oneTarget(
  api: KubeApi,
  targets: readonly Target[],
  { signal, onNote }: OneTargetOptions,
): Promise<ResolvedTarget> {
  const resolved = await resolveTargets(api, targets, {
    maxPods: Number.POSITIVE_INFINITY,
    signal,
  });
  const matches = resolved.targets;
  const [target, another] = matches;
  if (!target || another)
    throw wrongUsage(
      `${targets.map(({ text }) => text).join(', ')}: matches ${matches.length} pods, but this command takes only one`,
      `choose one: ${matches.slice(0, MAX_NAMES_SHOWN).map(targetNames(matches)).join(', ')}${matches.length > MAX_NAMES_SHOWN ? ' …' : ''}`,
    );
  const skipped = skippedNotice(resolved);
  if (skipped) onNote(skipped);
  return target;
}

/** The pod that the targets refer to, for commands that take a single pod. Throws a Problem. */
export async function onePod(
  api: KubeApi,
  targets: readonly Target[],
  options: OneTargetOptions,
): Promise<Pod> {
  const target = await oneTarget(api, targets, options);
  if (target.pod) return target.pod;
  throw wrongUsage(
    `node/${target.node}: this command takes a pod, not a node`,
    'use a pod with hostNetwork on that node',
  );
}
