import type { JsonObject } from './json.ts';
import { isObject } from './json.ts';
import { applyJsonPatch } from './jsonPatch.ts';
import { badRequest, unsupportedMediaType } from './status.ts';
import { strategicMerge } from './strategicMerge.ts';

const ACCEPTED = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
] as const;

/**
 * Returns a patched copy of the object. Throws 415 for an unsupported content type, and 400 or 422 for an invalid
 * patch.
 */
export function applyPatch(contentType: string, object: JsonObject, patch: unknown): JsonObject {
  const type = contentType.split(';')[0]?.trim();
  if (type === ACCEPTED[0]) return applyJsonPatch(object, patch);
  if (type !== ACCEPTED[1] && type !== ACCEPTED[2]) throw unsupportedMediaType(ACCEPTED);
  if (!isObject(patch)) throw badRequest('the patch must be an object');
  const copy = structuredClone(object);
  return type === ACCEPTED[1] ? mergePatch(copy, patch) : strategicMerge(copy, patch);
}

/** RFC 7386. */
function mergePatch(target: JsonObject, patch: JsonObject): JsonObject {
  for (const [field, value] of Object.entries(patch)) {
    const old = target[field];
    if (value === null) delete target[field];
    else if (isObject(value)) target[field] = mergePatch(isObject(old) ? old : {}, value);
    else target[field] = value;
  }
  return target;
}
