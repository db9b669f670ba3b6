import { wrongUsage } from '../../problem.ts';
import type { KubeApi } from '../api.ts';
import type { Pod } from '../pod.ts';
import { type FoundTarget, targetNames } from './foundTarget.ts';
import type { Target } from './parseTargets.ts';
import { resolveTargets, skippedText } from './resolveTargets.ts';

export interface OneTargetOptions {
  readonly signal: AbortSignal;
  /** Called with the skipped pods and the reasons. */
  readonly onNote: (text: string) => void;
}

/** How many names to list as a choice. */
const NAMES_SHOWN = 10;

/**
 * The pod or node that the targets refer to, for commands that take a single one. Throws a Problem if there are
 * several.
 */
export async function oneTarget(
  api: KubeApi,
  targets: readonly Target[],
  { signal, onNote }: OneTargetOptions,
): Promise<FoundTarget> {
  const resolved = await resolveTargets(api, targets, {
    maxPods: Number.POSITIVE_INFINITY,
    signal,
  });
  const { found } = resolved;
  const [only, another] = found;
  if (!only || another)
    throw wrongUsage(
      `${targets.map(({ text }) => text).join(', ')}: matches ${found.length} pods, but this command takes only one`,
      `choose one: ${found.slice(0, NAMES_SHOWN).map(targetNames(found)).join(', ')}${found.length > NAMES_SHOWN ? ' …' : ''}`,
    );
  const skipped = skippedText(resolved);
  if (skipped !== undefined) onNote(skipped);
  return only;
}

/** The pod that the targets refer to, for commands that take a single pod. Throws a Problem. */
export async function onePod(
  api: KubeApi,
  targets: readonly Target[],
  options: OneTargetOptions,
): Promise<Pod> {
  const found = await oneTarget(api, targets, options);
  if (found.pod) return found.pod;
  throw wrongUsage(
    `node/${found.node}: this command takes a pod, not a node`,
    'use a pod with hostNetwork on that node',
  );
}
