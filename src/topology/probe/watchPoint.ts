import { pathOf } from '../collect/askRoutes.ts';
import type { PathTrace } from '../trace/tracePath.ts';
import type { Hop } from '../trace/way.ts';

/** A device to watch. */
export interface WatchPoint {
  readonly node: string;
  /** The inode of its network namespace, and a path on the node to enter it by. */
  readonly netns: number;
  readonly path: string;
  readonly device: string;
}

/** The devices of both ways, each once, in the order of the first way. */
export function watchPoints({ ways, wiring }: PathTrace): WatchPoint[] {
  const found = new Map<string, WatchPoint>();
  for (const hop of ways.flatMap(({ hops }) => hops)) {
    const { node: name, netns, device } = hop;
    const node = wiring.node(name);
    const path = node && netns !== undefined ? pathOf(node, netns) : undefined;
    if (node === undefined || netns === undefined || device === undefined || path === undefined)
      continue;
    found.set(placeKey(hop), { node: node.name, netns, path, device });
  }
  return [...found.values()];
}

/** Identifies a device, equally for hops and watch points. */
export function placeKey({ node, netns, device }: Pick<Hop, 'node' | 'netns' | 'device'>): string {
  return `${node} ${netns} ${device}`;
}
