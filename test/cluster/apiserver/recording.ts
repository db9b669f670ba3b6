import { readFileSync } from 'node:fs';
import { isObject, type JsonObject, objectAt } from './json.ts';

/** One recorded exchange with a real API server. */
export function recording(name: string): JsonObject {
  const path = new URL(`../recordings/${name}.json`, import.meta.url);
  const parsed: unknown = JSON.parse(readFileSync(path, 'utf8'));
  return objectAt(parsed);
}

/**
 * A recording with other names: `names` maps recorded names of pods, namespaces, containers and users to those of the
 * test.
 */
export function renamed(value: unknown, names: Readonly<Record<string, string>>): unknown {
  if (Array.isArray(value)) return value.map((item) => renamed(item, names));
  if (isObject(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([field, inner]) => [field, renamed(inner, names)]),
    );
  }
  if (typeof value !== 'string') return value;
  // Only in places where a name can be: alone, in quotes, after a word for it, or in a printed Go map or list.
  return Object.entries(names).reduce((text, [from, to]) => {
    const name = from.replaceAll('.', '\\.');
    const places = `^${name}$|(?<=["[]|pod |container |[nN]ame:)${name}(?=["\\s,\\]]|$)|(?<= )${name}(?=\\])`;
    return text.replace(new RegExp(places, 'g'), to);
  }, value);
}
