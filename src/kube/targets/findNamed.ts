import { distance } from '../../nearest.ts';
import { Problem } from '../../problem.ts';
import type { KubeApi } from '../api.ts';
import { ApiError } from '../apiError.ts';
import { collectionPath, type ObjectKind } from './kinds.ts';

const MAX_SUGGESTIONS = 3;

interface Named {
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/**
 * Reads the object that a target names. If there is none, throws a Problem that suggests similar names, and the other
 * namespaces that have an object of that name.
 */
export async function findNamed<T>(
  api: KubeApi,
  kind: ObjectKind,
  namespace: string,
  name: string,
  signal?: AbortSignal,
): Promise<T> {
  const path = `${collectionPath(kind, namespace)}/${encodeURIComponent(name)}`;
  try {
    return await api.get<T>(path, signal ? { signal } : {});
  } catch (error) {
    if (!(error instanceof ApiError) || error.reason !== 'NotFound') throw error;
    throw new Problem(error.message, {
      next: await suggestions(api, kind, namespace, name),
      cause: error,
    });
  }
}

async function suggestions(
  api: KubeApi,
  { kind, plural, group }: ObjectKind,
  namespace: string,
  name: string,
): Promise<string[]> {
  const of = { kind, plural, group };
  const here = await names(api, collectionPath(of, namespace), { limit: '1000' });
  const near = here
    .map((object) => ({ object, distance: distance(name, object.name) }))
    .filter(({ distance, object }) => isNear(name, object.name, distance))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, MAX_SUGGESTIONS);
  const elsewhere =
    kind === 'node'
      ? []
      : await names(api, collectionPath(of, 'all'), { fieldSelector: `metadata.name=${name}` });
  const where = kind === 'node' ? 'cluster' : 'namespace';
  return [
    ...(near.length > 0
      ? [`did you mean ${near.map(({ object }) => `"${object.name}"`).join(' or ')}?`]
      : []),
    ...elsewhere
      .slice(0, MAX_SUGGESTIONS)
      .map(
        (object) =>
          `there is a ${kind} of this name in another namespace: add -n ${object.namespace}`,
      ),
    ...(near.length + elsewhere.length === 0
      ? [
          `kubectl get ${plural}${kind === 'node' ? '' : ` -n ${namespace}`}   lists the ${plural} of this ${where}`,
        ]
      : []),
  ];
}

/** Suggestions are optional: users without permission to list get none. */
async function names(
  api: KubeApi,
  path: string,
  query: Readonly<Record<string, string>>,
): Promise<Named['metadata'][]> {
  try {
    const { items } = await api.get<{ items: Named[] }>(path, { query });
    return items.map(({ metadata }) => metadata);
  } catch {
    return [];
  }
}

function isNear(asked: string, name: string, distance: number): boolean {
  return name.startsWith(asked) || distance <= Math.max(2, Math.floor(asked.length / 3));
}
