import { kindOfWord } from './kinds.ts';
import { type NamedTarget, parseTarget } from './parseTargets.ts';

export interface NamespacedTarget {
  readonly target: NamedTarget;
  /** That of the word; the current one when absent. */
  readonly namespace?: string;
}

/**
 * Reads a target that may have its namespace in front: `shop/pod-1`, `shop/deploy/web`. A word in front that is a
 * kind is one: `pod/x`. Throws a Problem for what cannot be a target.
 */
export function parseNamespacedTarget(word: string): NamespacedTarget {
  const [, namespace, rest] = /^([a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)\/(.+)$/.exec(word) ?? [];
  const isNamespaced =
    namespace !== undefined && (rest?.includes('/') || kindOfWord(namespace) === undefined);
  if (!isNamespaced || rest === undefined) return { target: parseTarget(word) };
  return { target: parseTarget(rest), namespace };
}
