import type { Notice } from '../../notice.ts';
import { Problem } from '../../problem.ts';
import type { KubeApi } from '../api.ts';
import { isApiError } from '../apiError.ts';
import { listAll } from '../listAll.ts';
import { mapConcurrently } from '../mapConcurrently.ts';
import type { Pod } from '../pod.ts';
import { getObject } from './getObject.ts';
import { kindByName } from './kinds.ts';
import type { Target } from './parseTargets.ts';
import { podQuery } from './podQuery.ts';
import { type ResolvedTarget, targetKey } from './resolvedTarget.ts';
import { skipReason } from './skipReason.ts';

/** The pods and nodes that targets refer to at one moment. */
export interface TargetResolution {
  /**
   * In the order of the targets. The pods of one target are sorted by namespace and name. There are no duplicates. A
   * pod that the user named is included in any state.
   */
  readonly targets: readonly ResolvedTarget[];
  /** Pods of groups that cannot be entered, with the reason in words that follow the pod's name. */
  readonly skipped: readonly { readonly pod: Pod; readonly why: string }[];
}

export interface ResolveOptions {
  /** More pods than this are a Problem that says how many there are. */
  readonly maxPods: number;
  /** Groups may have no pod yet, for callers that wait for pods. */
  readonly allowEmpty?: boolean;
  readonly signal?: AbortSignal;
}

/** How many targets are queried at the same time. */
const CONCURRENCY = 8;
/** How many names are listed in an error about too many pods. */
const MAX_NAMES_SHOWN = 5;

/**
 * Finds the pods and nodes that targets refer to. Throws ApiError or a Problem: if a name does not exist (the Problem
 * suggests similar names), if a group that must not be empty has no running pod, or if there are too many pods.
 */
export async function resolveTargets(
  api: KubeApi,
  targets: readonly Target[],
  { maxPods, allowEmpty, signal }: ResolveOptions,
): Promise<TargetResolution> {
  signal?.throwIfAborted();
  const resolved = await mapConcurrently(targets, CONCURRENCY, (target) =>
    resolveTarget(api, target, allowEmpty ?? false, signal),
  );
  const found = uniqueTargets(resolved.flatMap((result) => result.targets));
  const pods = found.flatMap(({ pod }) => pod ?? []);
  if (pods.length > maxPods) throw tooManyPods(targets, pods, maxPods);
  const foundKeys = new Set(found.map(targetKey));
  const skipped = uniqueTargets(resolved.flatMap((result) => result.skipped));
  return { targets: found, skipped: skipped.filter((target) => !foundKeys.has(targetKey(target))) };
}

async function resolveTarget(
  api: KubeApi,
  target: Target,
  allowEmpty: boolean,
  signal: AbortSignal | undefined,
): Promise<TargetResolution> {
  if (target.kind === 'pod') {
    const { namespace, name } = target;
    const pod = await getObject<Pod>(api, kindByName('pod'), namespace, name, signal);
    return { targets: [{ pod }], skipped: [] };
  }
  if (target.kind === 'node') {
    await checkNodeExists(api, target.name, signal);
    return { targets: [{ node: target.name, namespace: target.namespace }], skipped: [] };
  }
  const { path, labelSelector, matches, emptyReason } = await podQuery(api, target, signal);
  const listed = await listAll<Pod>(api, path, labelSelector ? { labelSelector } : {}, signal);
  const all = listed.filter(matches).sort(byName);
  if (all.length === 0 && !allowEmpty)
    throw new Problem(`${target.text} ${emptyReason}`, {
      kind: 'not-found',
      next: listPodsHint(path),
    });
  const candidates = all.map((pod) => ({ pod, why: skipReason(pod) }));
  const skipped = candidates.flatMap(({ pod, why }) => (why === undefined ? [] : [{ pod, why }]));
  if (skipped.length === all.length && !allowEmpty)
    throw new Problem(`${target.text} has no running pod`, {
      kind: 'unsuitable',
      next: [
        ...skipped
          .slice(0, MAX_NAMES_SHOWN)
          .map(({ pod, why }) => `pod "${pod.metadata.name}" ${why}`),
        ...listPodsHint(path),
      ],
    });
  return { targets: candidates.filter(({ why }) => why === undefined), skipped };
}

/** One line for the user about the skipped pods. Undefined if there are none. */
export function skippedNotice({ skipped }: TargetResolution): Notice | undefined {
  const shown = skipped
    .slice(0, MAX_NAMES_SHOWN)
    .map(({ pod, why }) => `pod "${pod.metadata.name}" ${why}`);
  const more = skipped.length - shown.length;
  if (skipped.length === 0) return undefined;
  const text = `skipped: ${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  return { kind: 'target-skipped', text };
}

/** Checks that a node exists, if the user may read nodes. */
async function checkNodeExists(
  api: KubeApi,
  name: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    await getObject(api, kindByName('node'), '', name, signal);
  } catch (error) {
    if (!isApiError(error, 403)) throw error;
  }
}

function tooManyPods(targets: readonly Target[], pods: readonly Pod[], maxPods: number): Problem {
  const names = pods.slice(0, MAX_NAMES_SHOWN).map(({ metadata }) => metadata.name);
  const more = pods.length - names.length;
  return new Problem(
    `${targets.map(({ text }) => text).join(', ')}: matches ${pods.length} pods, and a debugger would be added to each of them`,
    {
      next: [
        `${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`,
        `allow this with --max-pods ${pods.length} (the limit is ${maxPods})`,
      ],
      exitCode: 2,
    },
  );
}

function listPodsHint(path: string): string[] {
  const namespace = /\/namespaces\/([^/]+)\//.exec(path)?.[1];
  const where = namespace === undefined ? '-A' : `-n ${namespace}`;
  return [`kubectl get pods ${where} --show-labels   shows the existing pods`];
}

/** Sorts by NAMESPACE/NAME, as the API server sorts lists. */
function byName(a: Pod, b: Pod): number {
  const [first, second] = [fullName(a), fullName(b)];
  return first < second ? -1 : Number(first > second);
}

function fullName({ metadata }: Pod): string {
  return `${metadata.namespace}/${metadata.name}`;
}

function uniqueTargets<Found extends ResolvedTarget>(targets: readonly Found[]): Found[] {
  return [...new Map(targets.map((target) => [targetKey(target), target])).values()];
}
