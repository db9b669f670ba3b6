import { Problem, wrongUsage } from '../problem.ts';
import type { KubeApi } from './api.ts';
import { ApiError } from './apiError.ts';
import { type Pod, podPath, podsPath } from './pod.ts';

const POD_KINDS = new Set(['pod', 'pods', 'po']);
const MAX_SUGGESTIONS = 3;

/** Reads a target as kubectl writes it: `pod-1` or `pod/pod-1`. Throws a Problem for other kinds. */
export function parseTarget(target: string): { readonly pod: string } {
  const slash = target.indexOf('/');
  const kind = slash < 0 ? 'pod' : target.slice(0, slash).toLowerCase();
  const name = target.slice(slash + 1);
  if (!POD_KINDS.has(kind))
    throw wrongUsage(
      `target "${target}": only pods can be named so far, as POD or pod/POD`,
      `kubectl get pods -o wide   lists the pods behind ${kind}/${name}`,
    );
  // What the API server accepts as a pod's name (RFC 1123 subdomain).
  if (!/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(name))
    throw wrongUsage(`target "${target}": not a valid name for a pod`);
  return { pod: name };
}

/** The node that a target names as `node/NAME`; undefined for targets of other kinds. */
export function nodePlace(target: string): string | undefined {
  return /^(?:nodes?|no)\/([a-z0-9](?:[-a-z0-9.]*[a-z0-9])?)$/i.exec(target)?.[1];
}

/** Reads the pod a target names; when there is none, says which names are near. */
export async function findPod(api: KubeApi, namespace: string, name: string): Promise<Pod> {
  try {
    return await api.get<Pod>(podPath(namespace, name));
  } catch (error) {
    if (!(error instanceof ApiError) || error.reason !== 'NotFound') throw error;
    throw new Problem(error.message, {
      next: await suggestions(api, namespace, name),
      cause: error,
    });
  }
}

async function suggestions(api: KubeApi, namespace: string, name: string): Promise<string[]> {
  const here = await podNames(api, podsPath(namespace), { limit: '1000' });
  const near = here
    .map((pod) => ({ pod, distance: distance(name, pod.name) }))
    .filter(({ distance, pod }) => isNear(name, pod.name, distance))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, MAX_SUGGESTIONS);
  const elsewhere = await podNames(api, '/api/v1/pods', { fieldSelector: `metadata.name=${name}` });
  return [
    ...(near.length > 0
      ? [`did you mean ${near.map(({ pod }) => `"${pod.name}"`).join(' or ')}?`]
      : []),
    ...elsewhere
      .slice(0, MAX_SUGGESTIONS)
      .map((pod) => `there is a pod of this name in another namespace: add -n ${pod.namespace}`),
    ...(near.length + elsewhere.length === 0
      ? [`kubectl get pods -n ${namespace}   lists the pods of this namespace`]
      : []),
  ];
}

/** Suggestions are a courtesy: who may not list pods gets none. */
async function podNames(
  api: KubeApi,
  path: string,
  query: Readonly<Record<string, string>>,
): Promise<{ name: string; namespace: string }[]> {
  try {
    const { items } = await api.get<{ items: Pod[] }>(path, { query });
    return items.map(({ metadata }) => metadata);
  } catch {
    return [];
  }
}

function isNear(asked: string, name: string, distance: number): boolean {
  return name.startsWith(asked) || distance <= Math.max(2, Math.floor(asked.length / 3));
}

/** Levenshtein distance of two short names. */
function distance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(replaced, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    previous = row;
  }
  return previous[b.length] ?? 0;
}
