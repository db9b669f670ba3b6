import type { NetworkFinding } from '../findings/finding.ts';
import { policyVerdicts } from '../findings/serviceChecks.ts';
import { pathEndpointText } from '../trace/endpoint.ts';
import type { Doubt, Hop, PathDecision, Translation } from '../trace/oneWayPath.ts';
import type { PolicyVerdict } from '../trace/policies.ts';
import { sidecarOf } from '../trace/sidecars.ts';
import type { PathTrace } from '../trace/tracePath.ts';

/** A path in the form of `-o json`. docs/usage.md describes it. */
export interface PathDocument {
  readonly from: PathEnd;
  /** Absent if the request is only the path out of one pod. */
  readonly to?: PathEnd;
  readonly directions: readonly {
    /** there, back, or out. */
    readonly direction: string;
    /** delivered, left, stopped or unknown. */
    readonly end: string;
    readonly hops: readonly Hop[];
    readonly decisions: readonly PathDecision[];
  }[];
  readonly nat: readonly Translation[];
  readonly policies: readonly PolicyVerdict[];
  readonly findings: readonly NetworkFinding[];
  readonly unknown: readonly Doubt[];
}

interface PathEnd {
  readonly kind: string;
  readonly name: string;
  readonly address: string;
  readonly port?: number;
}

export function pathDocument(trace: PathTrace, findings: readonly NetworkFinding[]): PathDocument {
  const { request, paths, source, destination, service } = trace;
  const port = request.port ?? service?.port?.port;
  return {
    from: { kind: request.from.kind, name: pathEndpointText(request.from), address: source },
    ...(request.to && {
      to: {
        kind: request.to.kind,
        name: pathEndpointText(request.to),
        address: destination,
        ...(port !== undefined && { port }),
      },
    }),
    directions: paths.map(({ direction, end, hops, decisions }) => ({
      direction: request.to === undefined ? 'out' : direction,
      end,
      hops,
      decisions,
    })),
    nat: paths.flatMap(({ nat }) => nat),
    policies: policyVerdicts(trace),
    findings,
    unknown: unknownOf(trace),
  };
}

/** What is unknown about a path, from the walk and from the facts it needed. */
export function unknownOf({ paths, topology, request }: PathTrace): Doubt[] {
  const nodes = new Set(paths.flatMap(({ hops }) => hops.flatMap(({ node }) => node ?? [])));
  const rules =
    request.to === undefined
      ? []
      : topology.facts.nodes
          .filter(({ name }) => nodes.has(name))
          .filter((node) => topology.hostPlace(node)?.network.netfilter === undefined)
          .map(({ name }) => ({
            where: { node: name },
            what: 'firewall rules',
            why: 'they could not be read',
          }));
  const policyDoubts = (topology.facts.objects.otherPolicies ?? []).map(
    ({ resource, namespace, name }) => ({
      where: {},
      what: `policy ${namespace === undefined ? '' : `${namespace}/`}${name}`,
      why: `${resource} is not evaluated`,
    }),
  );
  const sidecars = [request.from, request.to].flatMap((end) => {
    const name = end?.kind === 'pod' ? sidecarOf(end.pod) : undefined;
    if (end?.kind !== 'pod' || name === undefined) return [];
    const where = { pod: `${end.pod.namespace}/${end.pod.name}` };
    const why = 'it intercepts the connections of the pod and opens its own';
    return [{ where, what: `mesh sidecar ${name}`, why }];
  });
  const all = [...paths.flatMap(({ unknown }) => unknown), ...rules, ...sidecars, ...policyDoubts];
  return [...new Map(all.map((doubt) => [JSON.stringify(doubt), doubt])).values()];
}
