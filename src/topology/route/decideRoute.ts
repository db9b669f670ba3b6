import type { Route } from '../../tools/ip/route.ts';
import type { RoutingRule } from '../../tools/ip/rule.ts';
import { sameAddress } from '../address.ts';
import type { NetworkNamespace } from '../model/networkNamespace.ts';
import type { RouteAnswer, RouteQuestion } from '../model/routeAnswer.ts';
import { lookUpRoute } from './lookUp.ts';

/** How a namespace routes a packet. */
export interface RouteDecision {
  readonly question: RouteQuestion;
  /** `kernel`: the kernel was asked. `tables`: derived from the rules and routes that were read. */
  readonly by: 'kernel' | 'tables';
  /** The kernel's answer, or the route from the table; absent if nothing matches. */
  readonly route?: Route;
  /** The matching table entry, as evidence. */
  readonly matched?: Route;
  readonly rule?: RoutingRule;
  /** The kernel's error, if it gave no route. */
  readonly error?: string;
}

/** The kernel's own decision if it was asked, otherwise the result of the tables. */
export function decideRoute(namespace: NetworkNamespace, question: RouteQuestion): RouteDecision {
  const answer = findAnswer(namespace, question);
  const tableAnswer = lookUpRoute(namespace, question);
  const table = tableAnswer && { matched: tableAnswer.route, rule: tableAnswer.rule };
  if (answer === undefined) {
    return { question, by: 'tables', ...table, ...(tableAnswer && { route: tableAnswer.route }) };
  }
  return {
    question,
    by: 'kernel',
    ...table,
    ...(answer.route && { route: answer.route }),
    ...(answer.error !== undefined && { error: answer.error }),
  };
}

/** The kernel's answer to exactly this question; undefined if it was not asked. */
export function findAnswer(
  namespace: NetworkNamespace,
  question: RouteQuestion,
): RouteAnswer | undefined {
  return namespace.answers.find(({ question: candidate }) => isSameQuestion(candidate, question));
}

function isSameQuestion(a: RouteQuestion, b: RouteQuestion): boolean {
  return (
    sameAddress(a.to, b.to) &&
    (a.from ?? '') === (b.from ?? '') &&
    a.inputDevice === b.inputDevice &&
    Number(a.mark ?? 0) === Number(b.mark ?? 0) &&
    a.protocol === b.protocol &&
    a.sourcePort === b.sourcePort &&
    a.destinationPort === b.destinationPort
  );
}

/** A route in the notation of `ip route`, as evidence. */
export function routeText(route: Route): string {
  const words = [
    ...(route.type === 'unicast' ? [] : [route.type]),
    route.destination,
    ...(route.source === undefined ? [] : ['from', route.source]),
    ...(route.gateway === undefined ? [] : ['via', route.gateway]),
    ...(route.device === undefined ? [] : ['dev', route.device]),
    ...(route.table === 'main' || route.table === '' ? [] : ['table', route.table]),
    ...(route.protocol === undefined ? [] : ['proto', route.protocol]),
    ...(route.scope === undefined || route.scope === 'global' ? [] : ['scope', route.scope]),
    ...(route.metric === undefined ? [] : ['metric', `${route.metric}`]),
    ...route.flags,
    ...route.nextHops.map((hop) =>
      ['nexthop', ...(hop.gateway ? ['via', hop.gateway] : []), 'dev', hop.device].join(' '),
    ),
  ];
  return words.join(' ');
}
