import { objectAt, objectsAt, stringAt, stringsAt } from './json.ts';

/** Whether a `matchLabels` and `matchExpressions` selector matches these labels. An empty one matches all. */
export function selectorMatches(
  selector: unknown,
  labels: Readonly<Record<string, unknown>>,
): boolean {
  const { matchLabels, matchExpressions } = objectAt(selector);
  return (
    hasAll(labels, objectAt(matchLabels)) &&
    objectsAt(matchExpressions).every((term) => termMatches(term, labels))
  );
}

/** Whether all of these labels are among the others. */
export function hasAll(
  labels: Readonly<Record<string, unknown>>,
  required: Readonly<Record<string, unknown>>,
): boolean {
  return Object.entries(required).every(([name, value]) => labels[name] === value);
}

/** One term of `matchExpressions`, of label selectors and of node affinities. */
export function termMatches(
  term: Readonly<Record<string, unknown>>,
  labels: Readonly<Record<string, unknown>>,
): boolean {
  const value = labels[stringAt(term.key)];
  const isAmong = value !== undefined && stringsAt(term.values).includes(String(value));
  switch (term.operator) {
    case 'In':
      return isAmong;
    case 'NotIn':
      return !isAmong;
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    default:
      return false;
  }
}
