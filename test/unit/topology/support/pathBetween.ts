import { diagnosePath } from '../../../../src/topology/findings/diagnosePath.ts';
import type { ClusterFacts } from '../../../../src/topology/model/clusterFacts.ts';
import { Topology } from '../../../../src/topology/topology.ts';
import { findEndpoint } from '../../../../src/topology/trace/endpoint.ts';
import { type PathTrace, tracePath } from '../../../../src/topology/trace/tracePath.ts';

/** The path between two arguments, and its findings. */
export function pathBetween(facts: ClusterFacts, from: string, to?: string, port?: number) {
  const topology = new Topology(facts);
  const find = (word: string) => {
    const endpoint = findEndpoint(topology, word, 'default');
    if ('notFound' in endpoint) throw new Error(endpoint.notFound);
    return endpoint;
  };
  const trace = tracePath(topology, {
    from: find(from),
    ...(to !== undefined && { to: find(to) }),
    ...(port !== undefined && { port }),
    protocol: 'tcp',
  });
  return { trace, findings: diagnosePath(trace) };
}

/** The devices on a path, as `POD-OR-NODE:DEVICE`. */
export function devicesOf(trace: PathTrace, path: number): string[] {
  return (trace.paths[path]?.hops ?? []).map(
    ({ node, pod, device, kind }) => `${pod?.split('/')[1] ?? node ?? ''}:${device ?? kind}`,
  );
}
