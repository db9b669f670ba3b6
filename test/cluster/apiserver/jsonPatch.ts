import { isDeepStrictEqual } from 'node:util';
import { isObject, type JsonObject, stringAt } from './json.ts';
import { ApiError, badRequest } from './status.ts';

/** RFC 6902. Throws 400 if it is not a valid patch, and 422 if it cannot be applied to the object. */
export function applyJsonPatch(object: JsonObject, patch: unknown): JsonObject {
  if (!Array.isArray(patch)) throw badRequest('a JSON patch must be a list of operations');
  const root = { document: structuredClone<unknown>(object) };
  for (const operation of patch) {
    if (!isObject(operation)) throw badRequest('a JSON patch must be a list of operations');
    applyOperation(root, operation);
  }
  if (!isObject(root.document)) throw unfit('the document must stay an object');
  return root.document;
}

function applyOperation(root: { document: unknown }, operation: JsonObject): void {
  const path = stringAt(operation.path);
  const from = stringAt(operation.from);
  switch (operation.op) {
    case 'add':
      add(root, path, operation.value);
      return;
    case 'remove':
      remove(root, path);
      return;
    case 'replace':
      remove(root, path);
      add(root, path, operation.value);
      return;
    case 'move':
      add(root, path, remove(root, from));
      return;
    case 'copy':
      add(root, path, structuredClone(read(root, from)));
      return;
    case 'test':
      if (isDeepStrictEqual(read(root, path), operation.value)) return;
      throw unfit(`testing path ${path} failed`);
    default:
      throw badRequest(`unexpected kind: ${stringAt(operation.op)}`);
  }
}

/** The real server does not say what cannot be applied. `why` is for readers of the tests. */
function unfit(why: string): ApiError {
  const message = 'the server rejected our request due to an error in our request';
  const refusal = new ApiError(422, 'Invalid', message, {});
  refusal.cause = new Error(why);
  return refusal;
}

// The document is stored under a key, so that the empty pointer is not a special case.
function locate(root: { document: unknown }, pointer: string): { parent: unknown; key: string } {
  const keys = ['document', ...pointer.split('/').slice(1).map(unescapePointer)];
  const key = keys.pop() ?? '';
  let parent: unknown = root;
  for (const step of keys) {
    parent = Array.isArray(parent)
      ? parent[Number(step)]
      : isObject(parent)
        ? parent[step]
        : undefined;
  }
  return { parent, key };
}

function unescapePointer(text: string): string {
  return text.replaceAll('~1', '/').replaceAll('~0', '~');
}

function read(root: { document: unknown }, pointer: string): unknown {
  const { parent, key } = locate(root, pointer);
  if (Array.isArray(parent) && Number(key) < parent.length) return parent[Number(key)];
  if (isObject(parent) && Object.hasOwn(parent, key)) return parent[key];
  throw unfit(`path ${pointer} does not exist`);
}

function add(root: { document: unknown }, pointer: string, value: unknown): void {
  const { parent, key } = locate(root, pointer);
  if (Array.isArray(parent)) {
    const index = key === '-' ? parent.length : Number(key);
    if (!(index >= 0 && index <= parent.length)) throw unfit(`index ${key} is out of bounds`);
    parent.splice(index, 0, value);
  } else if (isObject(parent)) parent[key] = value;
  else throw unfit(`path ${pointer} does not exist`);
}

function remove(root: { document: unknown }, pointer: string): unknown {
  const old = read(root, pointer);
  const { parent, key } = locate(root, pointer);
  if (Array.isArray(parent)) parent.splice(Number(key), 1);
  else if (isObject(parent)) delete parent[key];
  return old;
}
