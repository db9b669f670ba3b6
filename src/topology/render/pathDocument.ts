import type { NetworkFinding } from '../findings/finding.ts';
import { policyVerdicts } from '../findings/serviceChecks.ts';
import { pathEndpointText } from '../trace/endpoint.ts';
import type { PolicyVerdict } from '../trace/policies.ts';
import { sidecarOf } from '../trace/sidecars.ts';
import type { PathTrace } from '../trace/tracePath.ts';
import type { Doubt, Hop, PathDecision, Translation } from '../trace/way.ts';

/** A path in the form of `-o json`. docs/usage.md describes it. */
export interface PathDocument {
  readonly from: PathEnd;
  /** Absent if the request is only the way out of one pod. */
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
  const { request, ways, source, destination, service } = trace;
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
    directions: ways.map(({ direction, end, hops, decisions }) => ({
      direction: request.to === undefined ? 'out' : direction,
      end,
      hops,
      decisions,
    })),
    nat: ways.flatMap(({ nat }) => nat),
    policies: policyVerdicts(trace),
    findings,
    unknown: unknownOf(trace),
  };
}

/** What is unknown about a path, from the walk and from the facts it needed. */
export function unknownOf({ ways, wiring, request }: PathTrace): Doubt[] {
  const nodes = new Set(ways.flatMap(({ hops }) => hops.flatMap(({ node }) => node ?? [])));
  const rules =
    request.to === undefined
      ? []
      : wiring.facts.nodes
          .filter(({ name }) => nodes.has(name))
          .filter((node) => wiring.host(node)?.network.netfilter === undefined)
          .map(({ name }) => ({
            where: { node: name },
            what: 'firewall rules',
            why: 'they could not be read',
          }));
  const others = (wiring.facts.objects.otherPolicies ?? []).map(
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
  const all = [...ways.flatMap(({ unknown }) => unknown), ...rules, ...sidecars, ...others];
  return [...new Map(all.map((doubt) => [JSON.stringify(doubt), doubt])).values()];
}
