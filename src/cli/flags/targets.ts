import {
  type ParsedTarget,
  parseTargets,
  type Target,
  targetInNamespace,
} from '../../kube/targets/parseTargets.ts';
import type { Argument } from '../command.ts';
import type { FlagGroup, FlagValues } from './flag.ts';
import { anyText, count } from './valueTypes.ts';

/** Pods and nodes, for commands that accept several names. */
export const TARGETS: Argument = { name: 'TARGET', variadic: true, complete: 'targets' };

/** Explains these targets in the description of a command. */
export const TARGETS_HELP =
  'TARGET is a pod (pod-1), the pods of a workload or service (deploy/web, sts/, ds/, rs/, job/, cronjob/, svc/), or a node (node/worker-1). For a target in another namespace, put the namespace in front: shop/pod-1, shop/svc/web. Without TARGET, --selector selects the pods.';

/** One pod or node. */
export const TARGET: Argument = { name: 'TARGET', complete: 'targets' };

const FLAGS = {
  selector: {
    value: anyText('LABELS'),
    help: "Select pods by labels, such as app=web; '' selects every pod",
  },
  'all-namespaces': { alias: 'A', help: 'With a selector: in all namespaces' },
  'max-pods': { value: count(), default: '10', help: 'Fail if more pods than this match' },
} as const;

/** The options that select pods. `--selector` has no short form here, for commands that use -l for something else. */
export const TARGET_GROUP = { title: 'Target options', flags: FLAGS } as const satisfies FlagGroup;

/** The same with -l for the selector, as in kubectl. */
export const TARGET_GROUP_WITH_L = {
  title: TARGET_GROUP.title,
  flags: { ...FLAGS, selector: { ...FLAGS.selector, alias: 'l' } },
} as const satisfies FlagGroup;

/** The targets of words and flags, and the maximum number of pods. */
interface ParsedTargets {
  readonly targets: readonly ParsedTarget[];
  readonly maxPods: number;
}

/** Reads the targets of words and flags, and the maximum number of pods. Throws a Problem. */
export function parseTargetArgs(args: readonly string[], flags: TargetValues): ParsedTargets {
  const { selector, 'all-namespaces': allNamespaces, 'max-pods': maxPods } = flags;
  return {
    targets: parseTargets(args, { allNamespaces, ...(selector !== undefined && { selector }) }),
    maxPods,
  };
}

/** Adds namespaces to targets: the current one unless another is written. */
export function targetsInNamespace<Parsed extends ParsedTargets>(
  parsed: Parsed,
  currentNamespace: string,
): Omit<Parsed, 'targets'> & { readonly targets: readonly Target[] } {
  return {
    ...parsed,
    targets: parsed.targets.map((target) => targetInNamespace(target, currentNamespace)),
  };
}

export type TargetValues = FlagValues<typeof FLAGS>;
