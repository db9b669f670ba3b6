import type { KubeApi } from '../api.ts';
import type { Pod } from '../pod.ts';
import { watch } from '../watch.ts';
import { mergeIterators } from './mergeIterators.ts';
import type { GroupTarget, Target } from './parseTargets.ts';
import { podQuery } from './podQuery.ts';
import { skipReason } from './skipReason.ts';

/** A pod that a target refers to from now on, or that no target refers to any more. */
export interface PodChange {
  readonly type: 'joined' | 'left';
  /** The pod as it was last seen. */
  readonly pod: Pod;
}

export interface WatchTargetsOptions {
  /** The result of `resolveTargets`. These pods are only reported when they leave. */
  readonly known: readonly Pod[];
  readonly signal: AbortSignal;
}

/**
 * Follows the pods that groups (workloads, services, selectors) refer to, until the signal ends it. A pod joins when it
 * has a network to enter. It leaves when it ends, is being deleted, or loses the labels. Pods that the user named are
 * not followed. Without groups it ends at once. Interruptions and expired versions (410) are handled: no change is
 * reported twice or missed. Throws the errors of `watch`. For a service without a selector, the pods are those at the
 * start.
 */
export async function* watchTargets(
  api: KubeApi,
  targets: readonly Target[],
  { known, signal }: WatchTargetsOptions,
): AsyncGenerator<PodChange, void> {
  const groups = targets.filter((target) => target.kind !== 'pod' && target.kind !== 'node');
  const named = targets.flatMap((target) =>
    target.kind === 'pod' ? [`${target.namespace}/${target.name}`] : [],
  );
  const stop = new AbortController();
  const combined = AbortSignal.any([signal, stop.signal]);
  const members = new Members(
    known.filter(({ metadata }) => !named.includes(`${metadata.namespace}/${metadata.name}`)),
    groups.length,
  );
  try {
    const sources = groups.map((target, group) => watchGroup(api, target, group, combined));
    for await (const event of mergeIterators(sources)) yield* members.apply(event);
  } finally {
    stop.abort();
  }
}

/** What was seen of one group: all of its pods, or one pod that is or is not in it. */
type GroupEvent = { readonly group: number } & (
  | { readonly pods: readonly Pod[] }
  | { readonly pod: Pod; readonly present: boolean }
);

async function* watchGroup(
  api: KubeApi,
  target: GroupTarget,
  group: number,
  signal: AbortSignal,
): AsyncGenerator<GroupEvent> {
  const { path, labelSelector, matches } = await podQuery(api, target, signal);
  const isPresent = (pod: Pod) => matches(pod) && skipReason(pod) === undefined;
  const query = labelSelector ? { labelSelector } : {};
  for await (const event of watch<Pod>(api, { path, query, signal })) {
    if (event.type === 'RESTARTED') yield { group, pods: event.items.filter(isPresent) };
    else {
      const { type, object: pod } = event;
      yield { group, pod, present: type !== 'DELETED' && isPresent(pod) };
    }
  }
}

/** The known pods and their groups. A pod leaves when it has left its last group. */
class Members {
  readonly #members = new Map<string, { pod: Pod; readonly groups: Set<number> }>();

  /** The groups of the known pods are not known. They count for all groups until the first list of each. */
  constructor(known: readonly Pod[], groups: number) {
    const allGroups = Array.from({ length: groups }, (_, group) => group);
    for (const pod of known)
      this.#members.set(pod.metadata.uid, { pod, groups: new Set(allGroups) });
  }

  *apply(event: GroupEvent): Generator<PodChange> {
    const { group } = event;
    if ('pod' in event) {
      yield* event.present ? this.#add(group, event.pod) : this.#remove(group, event.pod);
      return;
    }
    const presentUids = new Set(event.pods.map(({ metadata }) => metadata.uid));
    for (const { pod } of [...this.#members.values()])
      if (!presentUids.has(pod.metadata.uid)) yield* this.#remove(group, pod);
    for (const pod of event.pods) yield* this.#add(group, pod);
  }

  *#add(group: number, pod: Pod): Generator<PodChange> {
    const member = this.#members.get(pod.metadata.uid);
    if (member) {
      member.groups.add(group);
      member.pod = pod;
      return;
    }
    this.#members.set(pod.metadata.uid, { pod, groups: new Set([group]) });
    yield { type: 'joined', pod };
  }

  *#remove(group: number, pod: Pod): Generator<PodChange> {
    const { uid } = pod.metadata;
    const member = this.#members.get(uid);
    if (!member) return;
    member.groups.delete(group);
    if (member.groups.size > 0) return;
    this.#members.delete(uid);
    yield { type: 'left', pod };
  }
}
