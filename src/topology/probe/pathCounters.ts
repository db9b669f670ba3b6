import type { FactsPool } from '../collect/factsPool.ts';
import type { DeviceLocation } from '../trace/oneWayPath.ts';
import type { PathTrace } from '../trace/tracePath.ts';
import countScript from './count.sh';
import countersScript from './counters.sh';
import { type Growth, growthOf, parseCounters } from './counters.ts';
import { whereOf } from './followPackets.ts';
import { placeKey, watchPoints } from './watchPoint.ts';

/** The counters of one device of the path at one moment. */
export interface DeviceCounters {
  readonly where: DeviceLocation;
  /** As in ip: UP, DOWN, UNKNOWN …; absent if the image has no ip, or the device no longer exists. */
  readonly state?: string;
  readonly received: number;
  readonly sent: number;
  readonly dropped: number;
  readonly errors: number;
}

/** The counters of a path at one moment. */
export interface PathCounters {
  /** Milliseconds since 1970, by this computer's clock. */
  readonly at: number;
  readonly devices: readonly DeviceCounters[];
  /** The output of counters.sh, by node and namespace. */
  readonly texts: ReadonlyMap<string, string>;
}

/** Columns in /proc/net/dev. */
const COLUMN = { received: 1, rxErrors: 2, rxDropped: 3, sent: 9, txErrors: 10, txDropped: 11 };

/** Reads the counters of all devices and namespaces of a path, with one round trip per node. */
export async function readPathCounters(pool: FactsPool, trace: PathTrace): Promise<PathCounters> {
  const points = watchPoints(trace);
  const texts = new Map<string, string>();
  await Promise.all(
    [...Map.groupBy(points, ({ node }) => node)].map(async ([node, nodePoints]) => {
      const namespaces = new Map(nodePoints.map(({ netns, path }) => [netns, path]));
      const words = [...namespaces].flatMap(([netns, path]) => [path, String(netns)]);
      const sections = await pool.run(node, countScript, [countersScript], words);
      for (const { name, words: sectionWords, body } of sections)
        if (name === 'counters') texts.set(`${node} ${sectionWords[0]}`, body.toString());
    }),
  );
  const hops = new Map(
    trace.paths.flatMap(({ hops: all }) => all).map((hop) => [placeKey(hop), hop]),
  );
  const devices = points.flatMap((point): DeviceCounters[] => {
    const hop = hops.get(placeKey(point));
    const text = texts.get(`${point.node} ${point.netns}`);
    return hop === undefined || text === undefined
      ? []
      : [{ where: whereOf(hop), ...deviceCounters(text, point.device) }];
  });
  return { at: Date.now(), devices, texts };
}

/** Parses what counters.sh prints for a device. */
export function deviceCounters(text: string, device: string): Omit<DeviceCounters, 'where'> {
  const lines = text.split('\n').map((line) => line.trim().split(/\s+/));
  const deviceLine = lines.find(([word, name]) => word === 'device' && name === device);
  const state = lines.find(([word, name]) => word === 'state' && name === device)?.[2];
  const value = (column: number) => Number(deviceLine?.[column + 2] ?? 0);
  return {
    ...(state !== undefined && { state }),
    received: value(COLUMN.received),
    sent: value(COLUMN.sent),
    dropped: value(COLUMN.rxDropped) + value(COLUMN.txDropped),
    errors: value(COLUMN.rxErrors) + value(COLUMN.txErrors),
  };
}

/** The kernel counters, and the counters of dropping rules, that grew between two readings. */
export function growthBetween(before: PathCounters, now: PathCounters): Growth[] {
  return [...now.texts].flatMap(([key, text]) => {
    const [node = '', netns = ''] = key.split(' ');
    const earlier = before.texts.get(key);
    return earlier === undefined
      ? []
      : growthOf(parseCounters(earlier), parseCounters(text), { node, netns: Number(netns) });
  });
}
