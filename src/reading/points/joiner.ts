import type { PacketTraces } from './packetTraces.ts';
import { isSameEnd, type PointView } from './pointView.ts';

/** One connection at all points that saw it, from the client to the server. */
export type JoinedViews = readonly PointView[];

/**
 * Orders two points by TTL. TTLs are equal if nothing between the points routes; then the delay of the answer is
 * compared.
 */
function byDistance(one: PointView, other: PointView): number {
  if (one.ttl >= 0 && other.ttl >= 0 && one.ttl !== other.ttl) return other.ttl - one.ttl;
  if (one.answerDelay !== other.answerDelay) return other.answerDelay - one.answerDelay;
  return one.start - other.start;
}

/**
 * Finds conversations at several points that are one connection, even if NAT changed its addresses. TCP is matched by
 * the sequence numbers of SYNs, everything else by addresses and ports, or by the first packet.
 */
export function joinViews(views: readonly PointView[], traces: PacketTraces): JoinedViews[] {
  const joined: JoinedViews[] = [];
  const groups = new Map<string, PointView[]>();
  for (const view of views) {
    const { clientStart } = view;
    add(groups, clientStart === undefined ? view.tuple : `syn ${clientStart}`, view);
  }
  const alone: PointView[] = [];
  for (const group of groups.values())
    for (const cluster of clusters(group)) {
      if (cluster.length > 1) joined.push(inOrder(cluster));
      else alone.push(...cluster);
    }
  // The remaining conversations may be translated. Their first packets are equal nevertheless.
  const byFirstPacket = new Map<string, PointView[]>();
  for (const view of alone) {
    if (view.clientStart !== undefined) continue;
    const fingerprint = traces.fingerprint(view.trace.client);
    if (fingerprint !== undefined) add(byFirstPacket, `${view.protocol} ${fingerprint}`, view);
  }
  for (const group of byFirstPacket.values())
    if (group.length > 1 && group.length <= MAX_POINTS && hasOneEach(group))
      joined.push(inOrder(group));
  return joined;
}

function add(groups: Map<string, PointView[]>, key: string, view: PointView): void {
  const group = groups.get(key);
  if (group) group.push(view);
  else groups.set(key, [view]);
}

/**
 * No connection passes more points. Larger groups come from senders that always use the same initial sequence number.
 */
const MAX_POINTS = 16;

/** Separates conversations that have the same initial sequence number by chance. */
function clusters(group: readonly PointView[]): PointView[][] {
  if (group.length > MAX_POINTS) return group.map((view) => [view]);
  const found: PointView[][] = [];
  for (const view of group) {
    const cluster = found.find(([first]) => first && isSame(first, view));
    if (cluster) cluster.push(view);
    else found.push([view]);
  }
  // Several conversations at one point cannot be distinguished.
  return found.flatMap((cluster) =>
    hasOneEach(cluster) ? [cluster] : cluster.map((view) => [view]),
  );
}

function isSame(one: PointView, other: PointView): boolean {
  if (one.protocol !== other.protocol) return false;
  const hasEnd = isSameEnd(one.client, other.client) || isSameEnd(one.server, other.server);
  if (one.serverStart === undefined || other.serverStart === undefined)
    return hasEnd || one.tuple === other.tuple;
  // Translation on one interface leaves one endpoint unchanged.
  const isPossible = hasEnd || one.interfaceIndex !== other.interfaceIndex;
  return isPossible && one.serverStart === other.serverStart;
}

/** Whether each point has the connection only once. An interface may have it before and after translation. */
function hasOneEach(views: readonly PointView[]): boolean {
  if (views.length === 1) return true;
  const places = new Set(views.map((view) => `${view.interfaceIndex} ${view.tuple}`));
  return places.size === views.length;
}

function inOrder(views: readonly PointView[]): JoinedViews {
  return [...views].sort(byDistance);
}
