import { netnsPath } from '../collect/queryRoutes.ts';
import type { Hop } from '../trace/oneWayPath.ts';
import type { PathTrace } from '../trace/tracePath.ts';

/** A device to watch. */
export interface WatchPoint {
  readonly node: string;
  /** The inode of its network namespace, and a path on the node to enter it by. */
  readonly netns: number;
  readonly path: string;
  readonly device: string;
}

/** The devices of both directions, each once, in the order of the forward path. */
export function watchPoints({ paths, topology }: PathTrace): WatchPoint[] {
  const pointsByKey = new Map<string, WatchPoint>();
  for (const hop of paths.flatMap(({ hops }) => hops)) {
    const { node: name, netns, device } = hop;
    const node = topology.node(name);
    const path = node && netns !== undefined ? netnsPath(node, netns) : undefined;
    if (node === undefined || netns === undefined || device === undefined || path === undefined)
      continue;
    pointsByKey.set(placeKey(hop), { node: node.name, netns, path, device });
  }
  return [...pointsByKey.values()];
}

/** Identifies a device, equally for hops and watch points. */
export function placeKey({ node, netns, device }: Pick<Hop, 'node' | 'netns' | 'device'>): string {
  return `${node} ${netns} ${device}`;
}
