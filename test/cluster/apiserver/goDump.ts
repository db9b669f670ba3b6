import { isObject, type JsonObject } from './json.ts';
import { type Field, fieldsOf } from './schema.ts';

// Go names that are not the JSON name with a capital letter.
const GO_NAMES: Readonly<Record<string, string>> = {
  tty: 'TTY',
  seLinuxOptions: 'SELinuxOptions',
};

/**
 * An object in the form in which Go marshals the API server's internal struct of that type, which has no JSON names and
 * omits nothing. Refusals show the differences of such texts.
 */
export function goDump(type: string, value: JsonObject): string {
  return JSON.stringify(internal(type, value), null, 1).replace(
    /[<>&]/g,
    (sign) => `\\u00${sign.charCodeAt(0).toString(16)}`,
  );
}

function internal(type: string, value: unknown): unknown {
  const fields = fieldsOf(type);
  if (!fields) return value;
  const object = isObject(value) ? value : {};
  return Object.fromEntries(
    fields.map((field) => [goName(field.name), fieldValue(field, object[field.name])]),
  );
}

function fieldValue(field: Field, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => internal(field.type, item));
  if (value !== undefined && value !== null) return internal(field.type, value);
  if (field.list || field.pointer) return null;
  switch (field.type) {
    case 'string':
      return '';
    case 'bool':
      return false;
    case 'int':
      return 0;
    default:
      return fieldsOf(field.type) ? internal(field.type, {}) : null;
  }
}

function goName(name: string): string {
  return GO_NAMES[name] ?? `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`;
}
