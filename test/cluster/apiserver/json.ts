/** A JSON object whose fields are not known yet. */
export type JsonObject = Record<string, unknown>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object there, or an empty one: for reading optional parts of objects. */
export function objectAt(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

/** The objects of the list there; what is no object is left out. */
export function objectsAt(value: unknown): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** The strings of the list there; what is no string is left out. */
export function stringsAt(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

/** The string there, or the empty string, as Go decodes an absent field. */
export function stringAt(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Follows a path of field names; undefined as soon as one is missing. */
export function valueAt(value: unknown, path: readonly string[]): unknown {
  let here = value;
  for (const field of path) {
    if (!isObject(here)) return undefined;
    here = here[field];
  }
  return here;
}
