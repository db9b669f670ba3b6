import { Problem } from '../../problem.ts';
import type { KubeApi } from '../api.ts';
import { ApiError } from '../apiError.ts';
import { listAll } from '../listAll.ts';
import { mapLimited } from '../mapLimited.ts';
import type { Pod } from '../pod.ts';
import { findNamed } from './findNamed.ts';
import { kindNamed } from './kinds.ts';
import { type Target, targetText } from './parseTargets.ts';
import { podQuery } from './podQuery.ts';
import { whyAbsent } from './presence.ts';

/** What targets stand for at one moment. */
export interface ResolvedTargets {
  /**
   * In the targets' order, those of one target by namespace and name, none twice. Pods named by
   * themselves are here in whatever state they are.
   */
  readonly pods: readonly Pod[];
  readonly nodes: readonly string[];
  /** Pods of groups that cannot be entered, and why, in words that follow their names. */
  readonly leftOut: readonly { readonly pod: Pod; readonly why: string }[];
}

export interface ResolveOptions {
  /** More pods than this are a Problem that says how many they are. */
  readonly maxPods: number;
  readonly signal?: AbortSignal;
}

/** How many targets are asked for at once. */
const AT_ONCE = 8;
/** How many names of too many are told. */
const NAMES_SHOWN = 5;

/**
 * Finds the pods and nodes that targets stand for. Throws ApiError or a Problem: when a name does not
 * exist (with names that are near), when a group has no pod that runs, when there are too many.
 */
export async function resolveTargets(
  api: KubeApi,
  targets: readonly Target[],
  { maxPods, signal }: ResolveOptions,
): Promise<ResolvedTargets> {
  signal?.throwIfAborted();
  const found = await mapLimited(targets, AT_ONCE, (target) => resolveTarget(api, target, signal));
  const pods = onceEach(found.flatMap((one) => one.pods));
  if (pods.length > maxPods) throw tooMany(targets, pods, maxPods);
  const inUse = new Set(pods.map(({ metadata }) => metadata.uid));
  return {
    pods,
    nodes: [...new Set(found.flatMap((one) => one.nodes))],
    leftOut: found
      .flatMap((one) => one.leftOut)
      .filter(({ pod }, index, all) => {
        const { uid } = pod.metadata;
        return !inUse.has(uid) && all.findIndex((one) => one.pod.metadata.uid === uid) === index;
      }),
  };
}

async function resolveTarget(
  api: KubeApi,
  target: Target,
  signal: AbortSignal | undefined,
): Promise<ResolvedTargets> {
  const { namespace } = api.access;
  if (target.kind === 'pod') {
    const pod = await findNamed<Pod>(api, kindNamed('pod'), namespace, target.name, signal);
    return { pods: [pod], nodes: [], leftOut: [] };
  }
  if (target.kind === 'node') {
    await seeNode(api, target.name, signal);
    return { pods: [], nodes: [target.name], leftOut: [] };
  }
  const { path, labelSelector, keep, none } = await podQuery(api, target, signal);
  const listed = await listAll<Pod>(api, path, labelSelector ? { labelSelector } : {}, signal);
  const all = listed.filter(keep).sort(byName);
  if (all.length === 0) throw new Problem(`${targetText(target)} ${none}`, { next: look(path) });
  const judged = all.map((pod) => ({ pod, why: whyAbsent(pod) }));
  const leftOut = judged.flatMap(({ pod, why }) => (why === undefined ? [] : [{ pod, why }]));
  if (leftOut.length === all.length)
    throw new Problem(`${targetText(target)} has no pod that runs`, {
      next: [
        ...leftOut.slice(0, NAMES_SHOWN).map(({ pod, why }) => `pod "${pod.metadata.name}" ${why}`),
        ...look(path),
      ],
    });
  return { pods: all.filter((pod) => !leftOut.some((out) => out.pod === pod)), nodes: [], leftOut };
}

/** What was left out and why, in a line for the user; undefined when nothing was. */
export function leftOutText({ leftOut }: ResolvedTargets): string | undefined {
  const told = leftOut
    .slice(0, NAMES_SHOWN)
    .map(({ pod, why }) => `pod "${pod.metadata.name}" ${why}`);
  const more = leftOut.length - told.length;
  return leftOut.length === 0
    ? undefined
    : `left out: ${told.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** Sees that a node exists. Who may not read nodes is believed. */
async function seeNode(api: KubeApi, name: string, signal: AbortSignal | undefined): Promise<void> {
  try {
    await findNamed(api, kindNamed('node'), '', name, signal);
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 403) throw error;
  }
}

function tooMany(targets: readonly Target[], pods: readonly Pod[], maxPods: number): Problem {
  const names = pods.slice(0, NAMES_SHOWN).map(({ metadata }) => metadata.name);
  const more = pods.length - names.length;
  return new Problem(
    `${targets.map(targetText).join(', ')}: these are ${pods.length} pods, and a debugger would be put into each`,
    {
      next: [
        `${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`,
        `--max-pods ${pods.length} allows it; without it ${maxPods} are allowed`,
      ],
      exitCode: 2,
    },
  );
}

function look(path: string): string[] {
  const namespace = /\/namespaces\/([^/]+)\//.exec(path)?.[1];
  const where = namespace === undefined ? '-A' : `-n ${namespace}`;
  return [`kubectl get pods ${where} --show-labels   shows the pods there are`];
}

/** As NAMESPACE/NAME, which is the order of lists of the API server, and of ours that name pods so. */
function byName(a: Pod, b: Pod): number {
  const [first, second] = [fullName(a), fullName(b)];
  return first < second ? -1 : Number(first > second);
}

function fullName({ metadata }: Pod): string {
  return `${metadata.namespace}/${metadata.name}`;
}

function onceEach(pods: readonly Pod[]): Pod[] {
  return [...new Map(pods.map((pod) => [pod.metadata.uid, pod])).values()];
}
