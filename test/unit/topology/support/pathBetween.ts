import { diagnosePath } from '../../../../src/topology/findings/diagnosePath.ts';
import type { ClusterFacts } from '../../../../src/topology/model/clusterFacts.ts';
import { findEndpoint } from '../../../../src/topology/trace/endpoint.ts';
import { type PathTrace, tracePath } from '../../../../src/topology/trace/tracePath.ts';
import { Wiring } from '../../../../src/topology/wiring.ts';

/** The path between two arguments, and its findings. */
export function pathBetween(facts: ClusterFacts, from: string, to?: string, port?: number) {
  const wiring = new Wiring(facts);
  const find = (word: string) => {
    const endpoint = findEndpoint(wiring, word, 'default');
    if ('notFound' in endpoint) throw new Error(endpoint.notFound);
    return endpoint;
  };
  const trace = tracePath(wiring, {
    from: find(from),
    ...(to !== undefined && { to: find(to) }),
    ...(port !== undefined && { port }),
    protocol: 'tcp',
  });
  return { trace, findings: diagnosePath(trace) };
}

/** The devices on a path, as `POD-OR-NODE:DEVICE`. */
export function devicesOf(trace: PathTrace, way: number): string[] {
  return (trace.ways[way]?.hops ?? []).map(
    ({ node, pod, device, kind }) => `${pod?.split('/')[1] ?? node ?? ''}:${device ?? kind}`,
  );
}
