import { wrongUsage } from '../../problem.ts';
import { findKind, isKindWithoutPods, type NamedKind, SUPPORTED_KINDS } from './kinds.ts';

interface Named<Kind extends NamedKind> {
  readonly kind: Kind;
  readonly name: string;
  /** The namespace that is written before it. */
  readonly namespace?: string;
}

/** One object, as the user writes it. */
export type ParsedName = Named<'pod'> | Named<'node'> | Named<Exclude<NamedKind, 'pod' | 'node'>>;

/** A target as the user writes it: one object, or every pod with certain labels. */
export type ParsedTarget =
  | ParsedName
  | { readonly kind: 'selector'; readonly selector: string; readonly allNamespaces: boolean };

interface Namespaced {
  /**
   * The namespace that is written before it, else the current one. For a node, the namespace of a debugger pod on it.
   */
  readonly namespace: string;
  /** As kubectl's messages write it: `deployment/web`, `shop/deployment/web`. */
  readonly text: string;
}

/** One object in a known namespace. */
export type NamedTarget = ParsedName & Namespaced;

/** A target of the user in a known namespace. */
export type Target = ParsedTarget & Namespaced;

/** A target that refers to the pods that exist at the moment. */
export type GroupTarget = Exclude<Target, { readonly kind: 'pod' } | { readonly kind: 'node' }>;

/** Flags that also select pods. */
export interface TargetFlags {
  /** -l: a label selector. An empty one matches every pod. */
  readonly selector?: string;
  /** -A: use the selector in all namespaces. */
  readonly allNamespaces?: boolean;
}

/**
 * Reads targets in kubectl's notation: `pod-1`, `deploy/web`, or a selector instead. Throws a Problem if one is
 * invalid.
 */
export function parseTargets(args: readonly string[], flags: TargetFlags = {}): ParsedTarget[] {
  const { selector, allNamespaces = false } = flags;
  if (selector !== undefined) {
    if (args.length > 0)
      throw wrongUsage(
        'name cannot be provided when a selector is specified',
        'use either names or a selector',
      );
    return [{ kind: 'selector', selector, allNamespaces }];
  }
  if (allNamespaces)
    throw wrongUsage(
      'a resource cannot be retrieved by name across all namespaces',
      "-A requires a selector; the empty selector ('') selects every pod",
    );
  if (args.length === 0)
    throw wrongUsage(
      'TARGET or a selector is required',
      'examples: pod-1, deploy/web, svc/web, node/worker-1, --selector app=web',
    );
  return args.map(parseTarget);
}

/** The names that the API server accepts for a namespace (RFC 1123 label), and for other objects (subdomain). */
const NAMESPACE_NAME = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const OBJECT_NAME = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/;

/**
 * Reads one target: `pod-1`, `pod/pod-1`, `svc/web`, or with its namespace `shop/pod-1`, `shop/svc/web`. The first of
 * two words is a kind if there is such a kind. Throws a Problem.
 */
export function parseTarget(word: string): ParsedName {
  const parts = word.split('/');
  const name = parts.pop() ?? '';
  const [first = 'pod', second] = parts;
  const isNamespaced = parts.length === 2 || (parts.length === 1 && isNamespace(first));
  const kindWord = isNamespaced ? (second ?? 'pod') : first;
  const kind = findKind(kindWord);
  if (!kind || parts.length > 2)
    throw wrongUsage(
      `unsupported kind "${kindWord}" in "${word}"`,
      `supported kinds: ${SUPPORTED_KINDS}`,
    );
  if (!OBJECT_NAME.test(name))
    throw wrongUsage(
      `invalid name of a ${kind.kind}: "${name}"`,
      name.includes('=')
        ? `to select pods by labels, use --selector ${name}`
        : "a name has lower case letters, digits, '-' and '.'",
    );
  if (!isNamespaced) return { kind: kind.kind, name };
  if (!NAMESPACE_NAME.test(first)) throw wrongUsage(`invalid namespace "${first}" in "${word}"`);
  if (kind.kind === 'node') throw wrongUsage(`${word}: nodes have no namespace`);
  return { kind: kind.kind, name, namespace: first };
}

/** Whether a word before a name is a namespace: it is not a kind, not even a kind without pods. */
function isNamespace(word: string): boolean {
  return NAMESPACE_NAME.test(word) && findKind(word) === undefined && !isKindWithoutPods(word);
}

/** Adds the namespace to a target: the current one unless another is written before it. */
export function targetInNamespace<Parsed extends ParsedTarget>(
  target: Parsed,
  currentNamespace: string,
): Parsed & Namespaced {
  const namespace = target.kind === 'selector' ? undefined : target.namespace;
  return { ...target, namespace: namespace ?? currentNamespace, text: targetText(target) };
}

function targetText(target: ParsedTarget): string {
  if (target.kind !== 'selector')
    return [target.namespace, target.kind, target.name].filter(Boolean).join('/');
  return `-l '${target.selector}'${target.allNamespaces ? ' -A' : ''}`;
}
