import type { Argv } from 'yargs';
import { parseTargets, type Target } from '../kube/targets/parseTargets.ts';
import { wrongUsage } from '../problem.ts';
import { PROGRAM_NAME } from './usageProblem.ts';
import { parseCount } from './values.ts';

const GROUP = 'Targets:';

/** More debuggers than this are not put into pods unless it is said that they may. */
const MAX_PODS = '10';

/** What the parser makes of the words and flags that name targets. */
export interface TargetArguments {
  readonly targets: string[] | undefined;
  readonly selector: string | undefined;
  readonly 'all-namespaces': boolean | undefined;
  readonly 'max-pods': string | undefined;
}

/** The words and flags that name targets. `-l` is the selector, as in kubectl, where nothing else is. */
export function targetOptions<T>(parser: Argv<T>, { short }: { readonly short: boolean }) {
  parser
    .positional('targets', {
      type: 'string',
      array: true,
      describe: 'Pods: pod-1, deploy/, sts/, ds/, rs/, job/, cronjob/ or svc/NAME; or node/NAME',
    })
    .option('selector', {
      type: 'string',
      requiresArg: true,
      group: GROUP,
      describe: "Pods with these labels, such as app=web; '' for every pod",
      ...(short && { alias: 'l' }),
    })
    .option('all-namespaces', {
      alias: 'A',
      type: 'boolean',
      group: GROUP,
      describe: 'With a selector: in all namespaces',
    })
    .option('max-pods', {
      type: 'string',
      requiresArg: true,
      group: GROUP,
      describe: `Refuse when these are more pods  [${MAX_PODS}]`,
    });
  return parser as unknown as Argv<T & TargetArguments>;
}

/** The targets that those name, and how many pods they may be. Throws a Problem. */
export function targetsOf(flags: TargetArguments): {
  readonly targets: readonly Target[];
  readonly maxPods: number;
} {
  const { selector, 'all-namespaces': allNamespaces = false, 'max-pods': maxPods } = flags;
  return {
    targets: parseTargets(flags.targets ?? [], {
      allNamespaces,
      ...(selector !== undefined && { selector }),
    }),
    maxPods: parseCount('--max-pods', maxPods ?? MAX_PODS),
  };
}

/** Words that filter expressions begin or go on with; pods named so can be written as pod/NAME. */
const EXPRESSION_WORDS =
  /^(host|net|port|portrange|src|dst|ether|ip6?|arp|tcp|udp|icmp6?|sctp|vlan|and|or|not|\d+)$/;

/** Throws a Problem for a filter expression that stands where targets are named. */
export function refuseExpressionWords(words: readonly string[]): void {
  const begin = words.findIndex((word, index) => index > 0 && EXPRESSION_WORDS.test(word));
  if (begin > 0)
    throw wrongUsage(
      `unexpected argument: ${words.slice(begin).join(' ')}`,
      'a filter expression comes after --, as in: capture pod-1 -- port 80',
      `See '${PROGRAM_NAME} capture --help' for usage.`,
    );
}
