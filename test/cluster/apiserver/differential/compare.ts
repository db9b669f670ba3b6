import { isDeepStrictEqual } from 'node:util';
import { isObject, type JsonObject, stringAt } from '../json.ts';

/** A field that differs from the recording. `undefined` means that one side does not have it. */
export interface Difference {
  /** Path with dots. Items of a list have no index: `body.spec.containers[].image`. */
  readonly field: string;
  readonly recorded: unknown;
  readonly actual: unknown;
}

/** Makes the random parts of names equal that both sides have. */
export function withoutRandomNames(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value).replaceAll(/"kube-api-access-\w{5}"/g, '"kube-api-access"'),
  );
}

/** Every field that differs. If a whole part is missing, only its uppermost field is listed. */
export function differences(recorded: unknown, actual: unknown, field = ''): Difference[] {
  if (isObject(recorded) && isObject(actual)) {
    const names = new Set([...Object.keys(recorded), ...Object.keys(actual)]);
    return [...names].flatMap((name) =>
      differences(recorded[name], actual[name], field ? `${field}.${name}` : name),
    );
  }
  if (Array.isArray(recorded) && Array.isArray(actual)) {
    return listDifferences(recorded, actual, `${field}[]`);
  }
  return isDeepStrictEqual(recorded, actual) ? [] : [{ field, recorded, actual }];
}

function listDifferences(
  recorded: readonly unknown[],
  actual: readonly unknown[],
  field: string,
): Difference[] {
  const ours = byName(actual);
  const theirs = byName(recorded);
  if (!ours || !theirs) {
    return Array.from({ length: Math.max(recorded.length, actual.length) }, (_, index) =>
      differences(recorded[index], actual[index], field),
    ).flat();
  }
  const common = (items: ReadonlyMap<string, unknown>) =>
    [...items.keys()].filter((name) => ours.has(name) && theirs.has(name));
  const names = new Set([...theirs.keys(), ...ours.keys()]);
  return [
    ...differences(common(theirs).join(' '), common(ours).join(' '), `${field}(order)`),
    ...[...names].flatMap((name) => differences(theirs.get(name), ours.get(name), field)),
  ];
}

/** Items by name, if their names are distinct. */
function byName(items: readonly unknown[]): Map<string, unknown> | undefined {
  const named = new Map(items.map((item) => [nameOf(item), item]));
  return named.size === items.length && !named.has('') ? named : undefined;
}

function nameOf(item: unknown): string {
  if (!isObject(item)) return '';
  const metadata: JsonObject = isObject(item.metadata) ? item.metadata : {};
  return (
    stringAt(item.name) ||
    stringAt(metadata.name) ||
    stringAt(item.resource) ||
    stringAt(item.subresource)
  );
}
