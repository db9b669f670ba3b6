import { editDistance } from '../../nearest.ts';
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
export async function getObject<T>(
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
      next: await suggestNames(api, kind, namespace, name),
      cause: error,
    });
  }
}

async function suggestNames(
  api: KubeApi,
  { kind, plural, group }: ObjectKind,
  namespace: string,
  name: string,
): Promise<string[]> {
  const objectKind = { kind, plural, group };
  const namesInNamespace = await listNamesIfAllowed(api, collectionPath(objectKind, namespace), {
    limit: '1000',
  });
  const similar = namesInNamespace
    .map((object) => ({ object, distance: editDistance(name, object.name) }))
    .filter(({ distance, object }) => isSimilar(name, object.name, distance))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, MAX_SUGGESTIONS);
  const elsewhere =
    kind === 'node'
      ? []
      : await listNamesIfAllowed(api, collectionPath(objectKind, 'all'), {
          fieldSelector: `metadata.name=${name}`,
        });
  const scope = kind === 'node' ? 'cluster' : 'namespace';
  return [
    ...(similar.length > 0
      ? [`did you mean ${similar.map(({ object }) => `"${object.name}"`).join(' or ')}?`]
      : []),
    ...elsewhere
      .slice(0, MAX_SUGGESTIONS)
      .map(
        (object) =>
          `there is a ${kind} of this name in another namespace: add -n ${object.namespace}`,
      ),
    ...(similar.length + elsewhere.length === 0
      ? [
          `kubectl get ${plural}${kind === 'node' ? '' : ` -n ${namespace}`}   lists the ${plural} of this ${scope}`,
        ]
      : []),
  ];
}

/** Suggestions are optional: users without permission to list get none. */
async function listNamesIfAllowed(
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

function isSimilar(typedName: string, name: string, distance: number): boolean {
  return name.startsWith(typedName) || distance <= Math.max(2, Math.floor(typedName.length / 3));
}
