import type { KubeApi } from '../api.ts';
import type { Pod } from '../pod.ts';
import { watch } from '../watch.ts';
import { merged } from './merged.ts';
import type { GroupTarget, Target } from './parseTargets.ts';
import { podQuery } from './podQuery.ts';
import { whyAbsent } from './presence.ts';

/** A pod that one of the targets stands for from now on, or that none stands for any more. */
export interface PodChange {
  readonly type: 'joined' | 'left';
  /** As it was when it was last seen. */
  readonly pod: Pod;
}

export interface WatchTargetsOptions {
  /** What `resolveTargets` gave; told of only when they leave. */
  readonly known: readonly Pod[];
  readonly signal: AbortSignal;
}

/**
 * Follows the pods that groups (workloads, services, selectors) stand for, until the signal ends it:
 * one joins when it has a network that can be entered, and leaves when it ends, is being deleted, or
 * its labels are others. Pods that were named by themselves are not followed; without groups it ends at
 * once. Cuts and forgotten versions (410) are handled: nothing is reported twice or missed. Throws
 * what `watch` throws. The pods behind a service without selector are those of the beginning.
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

/** What was seen of one group: all of its pods, or one that is or is not among them. */
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

/** Which pods are there, and by which groups: it is only when the last one loses it that a pod leaves. */
class Members {
  readonly #members = new Map<string, { pod: Pod; readonly groups: Set<number> }>();

  /** Which groups the known pods belong to is not said: to all, until their lists say otherwise. */
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
