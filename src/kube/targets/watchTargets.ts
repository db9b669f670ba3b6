import type { KubeApi } from '../api.ts';
import type { Pod } from '../pod.ts';
import { watch } from '../watch.ts';
import { merged } from './merged.ts';
import type { GroupTarget, Target } from './parseTargets.ts';
import { podQuery } from './podQuery.ts';
import { whyAbsent } from './presence.ts';

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
  const end = new AbortController();
  const all = AbortSignal.any([signal, end.signal]);
  const members = new Members(
    known.filter(({ metadata }) => !named.includes(`${metadata.namespace}/${metadata.name}`)),
    groups.length,
  );
  try {
    const sources = groups.map((target, group) => sightings(api, target, group, all));
    for await (const sighting of merged(sources)) yield* members.see(sighting);
  } finally {
    end.abort();
  }
}

/** What was seen of one group: all of its pods, or one pod that is or is not in it. */
type Sighting = { readonly group: number } & (
  | { readonly pods: readonly Pod[] }
  | { readonly pod: Pod; readonly present: boolean }
);

async function* sightings(
  api: KubeApi,
  target: GroupTarget,
  group: number,
  signal: AbortSignal,
): AsyncGenerator<Sighting> {
  const { path, labelSelector, keep } = await podQuery(api, target, signal);
  const isPresent = (pod: Pod) => keep(pod) && whyAbsent(pod) === undefined;
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
    const all = Array.from({ length: groups }, (_, group) => group);
    for (const pod of known) this.#members.set(pod.metadata.uid, { pod, groups: new Set(all) });
  }

  *see(sighting: Sighting): Generator<PodChange> {
    const { group } = sighting;
    if ('pod' in sighting) {
      yield* sighting.present ? this.#add(group, sighting.pod) : this.#drop(group, sighting.pod);
      return;
    }
    const here = new Set(sighting.pods.map(({ metadata }) => metadata.uid));
    for (const { pod } of [...this.#members.values()])
      if (!here.has(pod.metadata.uid)) yield* this.#drop(group, pod);
    for (const pod of sighting.pods) yield* this.#add(group, pod);
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

  *#drop(group: number, pod: Pod): Generator<PodChange> {
    const { uid } = pod.metadata;
    const member = this.#members.get(uid);
    if (!member) return;
    member.groups.delete(group);
    if (member.groups.size > 0) return;
    this.#members.delete(uid);
    yield { type: 'left', pod };
  }
}
