/** A JSON object with unknown fields. */
export type JsonObject = Record<string, unknown>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object, or an empty one. For reading optional parts of objects. */
export function objectAt(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

/** The objects in the list. Other items are ignored. */
export function objectsAt(value: unknown): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** The strings in the list. Other items are ignored. */
export function stringsAt(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

/** The string, or an empty one, as Go decodes an absent field. */
export function stringAt(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Follows a path of field names. Undefined if one of them is missing. */
export function valueAt(value: unknown, path: readonly string[]): unknown {
  let here = value;
  for (const field of path) {
    if (!isObject(here)) return undefined;
    here = here[field];
  }
  return here;
}
