import type { ResourceRequest } from './context.ts';
import { isObject, type JsonObject } from './json.ts';
import { fieldsOf } from './schema.ts';
import type { ApiError } from './status.ts';

/**
 * Handles unknown fields as requested with the query parameter fieldValidation: with a Warning header (the default),
 * with an error that `refuse` creates from the list of fields, or not at all.
 */
export function reportUnknownFields(
  { kind, query, response }: ResourceRequest,
  body: JsonObject,
  refuse: (list: string) => ApiError,
): void {
  const mode = query.get('fieldValidation') || 'Warn';
  if (mode === 'Ignore') return;
  const texts = unknownFields(kind.kind, body).map((field) => `unknown field "${field}"`);
  if (texts.length === 0) return;
  if (mode === 'Strict') throw refuse(`strict decoding error: ${texts.join(', ')}`);
  response.setHeader(
    'warning',
    texts.map((text) => `299 - ${JSON.stringify(text)}`),
  );
}

/** Removes unknown fields, as the real server does by decoding into Go structs. */
export function dropUnknownFields(type: string, value: unknown): void {
  const fields = fieldsOf(type);
  if (!fields || !isObject(value)) return;
  for (const [name, inner] of Object.entries(value)) {
    const field = fields.find((known) => known.name === name);
    if (!field) delete value[name];
    else
      for (const item of field.list ? [inner].flat() : [inner]) dropUnknownFields(field.type, item);
  }
}

function unknownFields(type: string, value: unknown, path = ''): string[] {
  const fields = fieldsOf(type);
  if (!fields || !isObject(value)) return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    // Directives of a strategic merge patch.
    if (name.startsWith('$')) return [];
    const here = path ? `${path}.${name}` : name;
    const field = fields.find((known) => known.name === name);
    if (!field) return [here];
    if (!field.list) return unknownFields(field.type, inner, here);
    if (!Array.isArray(inner)) return [];
    return inner.flatMap((item, index) => unknownFields(field.type, item, `${here}[${index}]`));
  });
}
