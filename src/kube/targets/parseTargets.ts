import { wrongUsage } from '../../problem.ts';
import { KIND_WORDS, kindOfWord, type NamedKind } from './kinds.ts';

/** One object that the user names. */
export type NamedTarget =
  | { readonly kind: 'pod'; readonly name: string }
  | { readonly kind: 'node'; readonly name: string }
  | { readonly kind: Exclude<NamedKind, 'pod' | 'node'>; readonly name: string };

/** What the user names: one object, or every pod with certain labels. */
export type Target =
  | NamedTarget
  | { readonly kind: 'selector'; readonly selector: string; readonly allNamespaces: boolean };

/** A target that stands for the pods which there are at the moment. */
export type GroupTarget = Exclude<Target, { readonly kind: 'pod' } | { readonly kind: 'node' }>;

/** The flags that name pods too. */
export interface TargetFlags {
  /** -l: a label selector; the empty one means every pod. */
  readonly selector?: string;
  /** -A: with a selector, in all namespaces. */
  readonly allNamespaces?: boolean;
}

/**
 * Reads targets as kubectl writes them: `pod-1`, `deploy/web`, or a selector instead. Throws a Problem
 * for what cannot be one.
 */
export function parseTargets(words: readonly string[], flags: TargetFlags = {}): Target[] {
  const { selector, allNamespaces = false } = flags;
  if (selector !== undefined) {
    if (words.length > 0)
      throw wrongUsage(
        'name cannot be provided when a selector is specified',
        'use either names or a selector',
      );
    return [{ kind: 'selector', selector, allNamespaces }];
  }
  if (allNamespaces)
    throw wrongUsage(
      'a resource cannot be retrieved by name across all namespaces',
      '-A requires a selector; an empty one selects every pod',
    );
  if (words.length === 0)
    throw wrongUsage(
      'TARGET or a selector is required',
      'examples: pod-1, deploy/web, svc/web, node/worker-1, --selector app=web',
    );
  return words.map(parseTarget);
}

/** Reads one target that is named: `pod-1`, `pod/pod-1`, `svc/web`. Throws a Problem. */
export function parseTarget(word: string): NamedTarget {
  const slash = word.indexOf('/');
  const kind = kindOfWord(slash < 0 ? 'pod' : word.slice(0, slash));
  const name = word.slice(slash + 1);
  if (!kind)
    throw wrongUsage(
      `unsupported kind "${word.slice(0, slash)}" in "${word}"`,
      `supported kinds: ${KIND_WORDS}`,
    );
  // What the API server accepts as a name (RFC 1123 subdomain).
  if (!/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(name))
    throw wrongUsage(`invalid name of a ${kind.kind}: "${name}"`);
  return { kind: kind.kind, name };
}

/** A target in the words of kubectl's own messages: `deployment/web`. */
export function targetText(target: Target): string {
  if (target.kind !== 'selector') return `${target.kind}/${target.name}`;
  return `-l '${target.selector}'${target.allNamespaces ? ' -A' : ''}`;
}
