import { isDeepStrictEqual } from 'node:util';
import { isObject, type JsonObject } from './json.ts';

/** The field that identifies the items of a list. Lists that are not in this table are replaced. */
const MERGE_KEYS: Readonly<Record<string, readonly string[]>> = {
  addresses: ['type'],
  conditions: ['type'],
  containers: ['name'],
  env: ['name'],
  ephemeralContainers: ['name'],
  hostAliases: ['ip'],
  hostIPs: ['ip'],
  imagePullSecrets: ['name'],
  initContainers: ['name'],
  ownerReferences: ['uid'],
  podIPs: ['ip'],
  // For containers, then for services.
  ports: ['containerPort', 'port'],
  secrets: ['name'],
  taints: ['key'],
  topologySpreadConstraints: ['topologyKey'],
  volumeDevices: ['devicePath'],
  volumeMounts: ['mountPath'],
  volumes: ['name'],
};

const PRIMITIVE_SETS = new Set(['finalizers']);

const ORDER = '$setElementOrder/';
const DELETE_FROM = '$deleteFromPrimitiveList/';
const RETAIN = '$retainKeys';

/** Merges a strategic merge patch into the object, which is changed and returned. */
export function strategicMerge(target: JsonObject, patch: JsonObject): JsonObject {
  if (patch.$patch === 'replace') return withoutDirectives(patch);
  if (patch.$patch === 'delete') return {};
  const retained = patch[RETAIN];
  if (Array.isArray(retained)) {
    for (const field of Object.keys(target)) if (!retained.includes(field)) delete target[field];
  }
  for (const [field, value] of Object.entries(patch)) {
    if (field.startsWith(DELETE_FROM)) {
      removePrimitives(target, field.slice(DELETE_FROM.length), value);
    } else if (field.startsWith('$')) {
      if (field.startsWith(ORDER)) reorderOnly(target, patch, field.slice(ORDER.length));
    } else mergeField(target, patch, field, value);
  }
  return target;
}

function mergeField(target: JsonObject, patch: JsonObject, field: string, value: unknown): void {
  const old = target[field];
  if (value === null) delete target[field];
  else if (isObject(value)) {
    if (value.$patch === 'delete') delete target[field];
    else target[field] = strategicMerge(isObject(old) ? old : {}, value);
  } else if (Array.isArray(value)) {
    target[field] = mergeList(
      field,
      Array.isArray(old) ? old : [],
      value,
      patch[`${ORDER}${field}`],
    );
  } else target[field] = value;
}

function mergeList(
  field: string,
  old: readonly unknown[],
  patch: readonly unknown[],
  order: unknown,
): unknown[] {
  if (PRIMITIVE_SETS.has(field)) return [...new Set([...old, ...patch])];
  const key = mergeKeyOf(field, [...patch, ...old]);
  if (key === undefined) return [...patch];
  if (patch.some((item) => isObject(item) && item.$patch === 'replace' && !(key in item))) {
    return patch.filter((item) => !(isObject(item) && item.$patch === 'replace'));
  }
  const merged = [...old];
  const added: unknown[] = [];
  for (const item of patch) {
    if (!isObject(item)) continue;
    const index = merged.findIndex((other) => isObject(other) && other[key] === item[key]);
    const other = merged[index];
    if (item.$patch === 'delete') {
      if (index >= 0) merged.splice(index, 1);
    } else if (isObject(other)) merged[index] = strategicMerge(other, item);
    else added.push(strategicMerge({}, item));
  }
  return inOrder([...merged, ...added], old, Array.isArray(order) ? order : patch, key);
}

function mergeKeyOf(field: string, items: readonly unknown[]): string | undefined {
  return (
    MERGE_KEYS[field]?.find((key) => items.every((item) => isObject(item) && key in item)) ??
    (items.some(isObject) ? MERGE_KEYS[field]?.[0] : undefined)
  );
}

// As in apimachinery's normalizeElementOrder: the patch's items keep the order of the patch, the others keep theirs,
// and both are interleaved in the old order where possible.
function inOrder(
  merged: readonly unknown[],
  old: readonly unknown[],
  order: readonly unknown[],
  key: string,
): unknown[] {
  const keyOf = (item: unknown) => (isObject(item) ? item[key] : item);
  const rank = new Map(order.map((item, index) => [keyOf(item), index]));
  const oldRank = new Map(old.map((item, index) => [keyOf(item), index]));
  const others = merged.filter((item) => !rank.has(keyOf(item)));
  const patched = merged
    .filter((item) => rank.has(keyOf(item)))
    .sort((a, b) => (rank.get(keyOf(a)) ?? 0) - (rank.get(keyOf(b)) ?? 0));
  const result: unknown[] = [];
  let next = 0;
  for (const item of patched) {
    const place = oldRank.get(keyOf(item));
    for (let other = others[next]; other !== undefined; other = others[next]) {
      const otherPlace = oldRank.get(keyOf(other));
      if (place === undefined || otherPlace === undefined || otherPlace > place) break;
      result.push(other);
      next += 1;
    }
    result.push(item);
  }
  return [...result, ...others.slice(next)];
}

function reorderOnly(target: JsonObject, patch: JsonObject, field: string): void {
  const old = target[field];
  const order = patch[`${ORDER}${field}`];
  if (field in patch || !Array.isArray(old) || !Array.isArray(order)) return;
  const key = mergeKeyOf(field, old);
  if (key !== undefined) target[field] = inOrder(old, old, order, key);
}

function removePrimitives(target: JsonObject, field: string, values: unknown): void {
  const old = target[field];
  if (!Array.isArray(old) || !Array.isArray(values)) return;
  target[field] = old.filter((item) => !values.some((value) => isDeepStrictEqual(value, item)));
}

function withoutDirectives(patch: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(patch).filter(([field]) => !field.startsWith('$')));
}
