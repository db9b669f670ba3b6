import type { Route } from '../../tools/ip/route.ts';
import type { RoutingRule } from '../../tools/ip/rule.ts';
import { type Address, contains, type Prefix, parseAddress, parsePrefix } from '../address.ts';
import type { NetworkNamespace } from '../model/networkNamespace.ts';
import type { RouteQuestion } from '../model/routeAnswer.ts';

/** The result of the tables, and the rule that selected the table. */
export interface TableAnswer {
  readonly route: Route;
  readonly rule: RoutingRule;
}

interface ReadRoute {
  readonly route: Route;
  readonly prefix: Prefix;
  readonly source: Prefix | undefined;
}

/** The kernel's default rules, for a namespace of which no rules of this family were read. */
function defaultRules(family: RoutingRule['family']): RoutingRule[] {
  const rule = (priority: number, table: string): RoutingRule => ({
    family,
    priority,
    source: 'all',
    destination: 'all',
    table,
  });
  return [
    rule(0, 'local'),
    rule(32_766, 'main'),
    ...(family === 'inet' ? [rule(32_767, 'default')] : []),
  ];
}

/**
 * Looks up a route in the tables of a namespace as the kernel does: rules in order, and in each table the longest
 * prefix with the lowest metric. Undefined if nothing matches, or if routes were not read. Does not check
 * forwarding or the reverse path.
 */
export function lookUpRoute(
  namespace: NetworkNamespace,
  question: RouteQuestion,
): TableAnswer | undefined {
  const destination = parseAddress(question.to);
  if (destination === undefined || namespace.routes === undefined) return undefined;
  const family = destination.family === 4 ? 'inet' : 'inet6';
  const read = readRoutes(namespace);
  const familyRules = namespace.rules?.filter((rule) => rule.family === family) ?? [];
  const rules = familyRules.length > 0 ? familyRules : defaultRules(family);
  for (const rule of rules.toSorted((a, b) => a.priority - b.priority)) {
    if (!selects(rule, question, destination)) continue;
    if (rule.action === 'nop' || rule.action === 'goto') continue;
    if (rule.table === undefined) {
      if (rule.action === undefined) continue;
      return { rule, route: blockedBy(rule, question.to, family) };
    }
    const route = lookUpTable(
      read,
      rule,
      tableOf(namespace, rule, question),
      destination,
      question,
    );
    if (route !== undefined && route.type !== 'throw') return { rule, route };
  }
  return undefined;
}

/** The table of a VRF is the one of the device on which the packet arrives. */
function tableOf(
  namespace: NetworkNamespace,
  rule: RoutingRule,
  { inputDevice }: RouteQuestion,
): string | undefined {
  if (rule.table !== 'l3mdev') return rule.table;
  const link = namespace.links?.find(({ name }) => name === inputDevice);
  const vrf =
    link?.kind === 'vrf' ? link : namespace.links?.find(({ name }) => name === link?.master);
  const table = vrf?.kind === 'vrf' ? vrf.data.table : undefined;
  return table === undefined ? undefined : `${table}`;
}

function blockedBy(rule: RoutingRule, to: string, family: Route['family']): Route {
  return {
    family,
    type: rule.action ?? 'unreachable',
    destination: to,
    table: '',
    flags: [],
    nextHops: [],
  };
}

/** The routes of each namespace, parsed once: longest prefixes first, then lowest metrics. */
const routesRead = new WeakMap<NetworkNamespace, ReadonlyMap<string, readonly ReadRoute[]>>();

function readRoutes(namespace: NetworkNamespace): ReadonlyMap<string, readonly ReadRoute[]> {
  const cachedTables = routesRead.get(namespace);
  if (cachedTables !== undefined) return cachedTables;
  const tables = new Map<string, ReadRoute[]>();
  for (const route of namespace.routes ?? []) {
    const prefix = prefixOfRoute(route);
    if (prefix === undefined) continue;
    const source = route.source === undefined ? undefined : parsePrefix(route.source);
    const key = `${route.family} ${route.table}`;
    const table = tables.get(key);
    const entry = { route, prefix, source };
    if (table === undefined) tables.set(key, [entry]);
    else table.push(entry);
  }
  for (const table of tables.values()) {
    table.sort(
      (a, b) =>
        b.prefix.length - a.prefix.length ||
        (b.source?.length ?? 0) - (a.source?.length ?? 0) ||
        (a.route.metric ?? 0) - (b.route.metric ?? 0),
    );
  }
  routesRead.set(namespace, tables);
  return tables;
}

/** The prefix of a route; `default` stands for all addresses of its family. */
export function prefixOfRoute(route: Route): Prefix | undefined {
  return route.destination === 'default'
    ? { family: route.family === 'inet' ? 4 : 6, value: 0n, length: 0 }
    : parsePrefix(route.destination);
}

function lookUpTable(
  read: ReadonlyMap<string, readonly ReadRoute[]>,
  rule: RoutingRule,
  table: string | undefined,
  destination: Address,
  question: RouteQuestion,
): Route | undefined {
  const source = question.from === undefined ? undefined : parseAddress(question.from);
  return read.get(`${rule.family} ${table}`)?.find(({ route, prefix, source: from }) => {
    if (!contains(prefix, destination)) return false;
    if (from !== undefined && (source === undefined || !contains(from, source))) return false;
    if (rule.suppressPrefixLength !== undefined && prefix.length <= rule.suppressPrefixLength) {
      return false;
    }
    // The kernel ignores dead routes.
    return !isUnusable(route);
  })?.route;
}

function isUnusable({ flags, nextHops }: Route): boolean {
  if (nextHops.length > 0) return nextHops.every((hop) => hop.flags.includes('dead'));
  return flags.includes('dead');
}

function selects(rule: RoutingRule, question: RouteQuestion, destination: Address): boolean {
  const source = question.from === undefined ? undefined : parseAddress(question.from);
  const matches =
    inPrefix(rule.source, source) &&
    inPrefix(rule.destination, destination) &&
    // Packets from the node itself have lo as input device.
    (rule.inputDevice === undefined || rule.inputDevice === (question.inputDevice ?? 'lo')) &&
    rule.outputDevice === undefined &&
    hasMark(rule, question.mark) &&
    (rule.protocol === undefined || rule.protocol === question.protocol) &&
    inRange(rule.sourcePort, question.sourcePort) &&
    inRange(rule.destinationPort, question.destinationPort);
  return matches !== (rule.inverted === true);
}

function inPrefix(text: string, address: Address | undefined): boolean {
  if (text === 'all') return true;
  const prefix = parsePrefix(text);
  if (prefix === undefined) return false;
  // Without a source, the kernel looks up the route as if from 0.0.0.0.
  if (address === undefined) return prefix.length === 0;
  return contains(prefix, address);
}

function hasMark({ mark, mask }: RoutingRule, packetMark: string | undefined): boolean {
  if (mark === undefined) return true;
  const bits = mask === undefined ? 0xffffffff : Number(mask);
  return (Number(packetMark ?? 0) & bits) >>> 0 === (Number(mark) & bits) >>> 0;
}

function inRange(range: string | undefined, port: number | undefined): boolean {
  if (range === undefined) return true;
  const [first = 0, last = first] = range.split('-').map(Number);
  return port !== undefined && port >= first && port <= last;
}
