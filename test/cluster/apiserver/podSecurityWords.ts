import { type JsonObject, objectAt, stringAt } from './json.ts';
import { allContainers } from './podSpec.ts';

/** A violation of a rule by a pod, in two parts as Kubernetes reports it. */
export interface Violation {
  readonly reason: string;
  readonly detail: string;
}

export type Check = (spec: JsonObject) => Violation | undefined;

export function security(container: JsonObject): JsonObject {
  return objectAt(container.securityContext);
}

export function quoted(names: readonly string[]): string {
  return names.map((name) => JSON.stringify(name)).join(', ');
}

/** `container "a"`, `containers "a", "b"`. Undefined if there are none. */
export function named(thing: string, names: readonly string[]): string | undefined {
  if (names.length === 0) return undefined;
  return `${thing}${names.length > 1 ? 's' : ''} ${quoted(names)}`;
}

export function containersWhere(
  spec: JsonObject,
  bad: (container: JsonObject) => boolean,
): string[] {
  return allContainers(spec)
    .filter(bad)
    .map((container) => stringAt(container.name));
}

export function violation(
  reason: string,
  detail: string | undefined | false,
): Violation | undefined {
  return detail ? { reason, detail } : undefined;
}
