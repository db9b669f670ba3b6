import type { PacketTraces } from './packetTraces.ts';
import { isSameEnd, type PointView } from './pointView.ts';

/** One connection at all points that saw it, from the client to the server. */
export type JoinedViews = readonly PointView[];

/**
 * Orders two points by TTL. TTLs are equal if nothing between the points routes; then the delay of the answer is
 * compared.
 */
function byDistance(a: PointView, b: PointView): number {
  if (a.ttl >= 0 && b.ttl >= 0 && a.ttl !== b.ttl) return b.ttl - a.ttl;
  if (a.answerDelay !== b.answerDelay) return b.answerDelay - a.answerDelay;
  return a.start - b.start;
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
    for (const cluster of clusterByTime(group)) {
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
function clusterByTime(group: readonly PointView[]): PointView[][] {
  if (group.length > MAX_POINTS) return group.map((view) => [view]);
  const groups: PointView[][] = [];
  for (const view of group) {
    const cluster = groups.find(([first]) => first && isSame(first, view));
    if (cluster) cluster.push(view);
    else groups.push([view]);
  }
  // Several conversations at one point cannot be distinguished.
  return groups.flatMap((cluster) =>
    hasOneEach(cluster) ? [cluster] : cluster.map((view) => [view]),
  );
}

function isSame(a: PointView, b: PointView): boolean {
  if (a.protocol !== b.protocol) return false;
  const hasEnd = isSameEnd(a.client, b.client) || isSameEnd(a.server, b.server);
  if (a.serverStart === undefined || b.serverStart === undefined)
    return hasEnd || a.tuple === b.tuple;
  // Translation on one interface leaves one endpoint unchanged.
  const isPossible = hasEnd || a.interfaceIndex !== b.interfaceIndex;
  return isPossible && a.serverStart === b.serverStart;
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
