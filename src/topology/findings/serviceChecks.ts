import { isWithin } from '../address.ts';
import { datapathOf } from '../trace/datapath.ts';
import { hostPortPod } from '../trace/nodePorts.ts';
import type { Fault } from '../trace/oneWayPath.ts';
import { type PolicyVerdict, policiesOf } from '../trace/policies.ts';
import { usableBackends } from '../trace/serviceBackends.ts';
import type { PathTrace } from '../trace/tracePath.ts';
import { conntrackFaults } from './conntrackChecks.ts';

/** What is wrong with the requested service, and what policies say about the packet. */
export function serviceFaults(trace: PathTrace): Fault[] {
  return [
    ...requestedServiceFaults(trace),
    ...conntrackFaults(trace),
    ...hostPortFaults(trace),
    ...policyFaults(trace),
  ];
}

function requestedServiceFaults(trace: PathTrace): Fault[] {
  const { request, service, paths, source, topology } = trace;
  if (service === undefined) return [];
  const { object, nodePortOf } = service;
  const { namespace, name, ports, sourceRanges } = object;
  const text = `svc/${name} (namespace ${namespace})`;
  const values = { service: text, namespace, name };
  const fault = (kind: string, evidence: string, more: Record<string, string>): Fault => ({
    kind,
    where: {},
    evidence,
    values: { ...values, ...more },
  });
  const isHeadless = object.clusterAddresses.length === 0;
  if (service.port === undefined && !isHeadless) {
    const portList = ports.map(({ port, protocol }) => `${port}/${protocol}`).join(', ');
    const port = request.port === undefined ? '' : `${request.port}`;
    return [
      fault('service-port-missing', `ports: ${portList || 'none'}`, {
        port,
        ports: portList || 'none',
        protocol: request.protocol.toUpperCase(),
      }),
    ];
  }
  const { backends } = service;
  if (backends === undefined) return [];
  if (usableBackends(backends).length === 0) {
    const pods = backends.length;
    const selector = Object.entries(object.selector ?? {})
      .map(([key, value]) => `${key}=${value}`)
      .join(',');
    const state =
      pods > 0
        ? `${pods} endpoints, none ready`
        : selector === ''
          ? 'it has no selector and no endpoints'
          : `no pod matches ${selector}`;
    return [
      fault(
        'service-no-endpoints',
        `endpoint slices: ${pods === 0 ? 'no endpoint' : `${pods} not ready`}`,
        { state },
      ),
    ];
  }
  if (service.port === undefined || (isHeadless && nodePortOf === undefined)) return [];
  const faults: Fault[] = [];
  const from =
    request.from.kind === 'pod'
      ? request.from.pod.node
      : request.from.kind === 'node'
        ? request.from.node.name
        : undefined;
  // Packets from pods and the node itself to their own node's port may go to any endpoint (KEP-3836).
  const local =
    nodePortOf === undefined
      ? { policy: 'internalTrafficPolicy', value: object.internalTrafficPolicy, node: from }
      : { policy: 'externalTrafficPolicy', value: object.externalTrafficPolicy, node: nodePortOf };
  const isForwarded = nodePortOf === undefined || nodePortOf !== from;
  if (local.value === 'Local' && local.node !== undefined && isForwarded) {
    const isLocal = usableBackends(backends).some(({ node }) => node === local.node);
    if (!isLocal) {
      const nodes = [...new Set(usableBackends(backends).map(({ node }) => node))].join(', ');
      faults.push({
        ...fault('service-no-local-endpoints', `endpoints on: ${nodes}`, {
          policy: local.policy,
          node: local.node,
        }),
        where: { node: local.node },
      });
    }
  }
  if (
    request.from.kind === 'address' &&
    sourceRanges.length > 0 &&
    !sourceRanges.some((range) => isWithin(range, source))
  ) {
    faults.push(
      fault('service-source-range', `loadBalancerSourceRanges: ${sourceRanges.join(', ')}`, {
        ranges: sourceRanges.join(', '),
        source,
      }),
    );
  }
  const there = paths[0];
  const isTranslated = there?.nat.some(({ kind }) => kind === 'dnat') === true;
  const entryNode = nodePortOf ?? from;
  const node = entryNode === undefined ? undefined : topology.node(entryNode);
  const host = node && topology.hostPlace(node);
  const isHandledByPrograms =
    host?.network.links?.some((link) => datapathOf({ network: host.network, link })) === true;
  const wasRead =
    host?.network.netfilter?.nft !== undefined ||
    host?.network.netfilter?.iptablesLegacy !== undefined;
  const reachesEntryNode = there?.hops.some(
    ({ node: hopNode, netns }) => hopNode === entryNode && netns === node?.hostInode,
  );
  if (!isTranslated && wasRead && !isHandledByPrograms && reachesEntryNode && faults.length === 0) {
    faults.push({
      ...fault(
        'service-not-programmed',
        `no rule for ${trace.destination}:${request.port ?? service.port.port} on ${entryNode}`,
        { address: trace.destination },
      ),
      where: { ...(entryNode !== undefined && { node: entryNode }) },
    });
  }
  return faults;
}

/** A node port that belongs to a pod (hostPort). */
function hostPortFaults({ request, topology, paths, service }: PathTrace): Fault[] {
  const { to, port, protocol } = request;
  if (to?.kind !== 'node' || service !== undefined) return [];
  const hostPort = hostPortPod(topology, to.node.name, port, protocol);
  const isTranslated = paths[0]?.nat.some(({ kind }) => kind === 'dnat') === true;
  const rules = to.place?.network.netfilter;
  const wasRead = rules?.nft !== undefined || rules?.iptablesLegacy !== undefined;
  if (hostPort === undefined || isTranslated || !wasRead || paths[0]?.end !== 'delivered')
    return [];
  return [
    {
      kind: 'host-port-not-programmed',
      where: { node: to.node.name },
      evidence: `no rule for port ${port}/${protocol} on ${to.node.name}`,
      values: { target: `${hostPort.pod.namespace}/${hostPort.pod.name}`, port: `${port}` },
    },
  ];
}

/** The policies that select either end of a path. */
export function policyVerdicts({
  request,
  destinationPlace,
  topology,
  paths,
  source,
  destination,
  finalPort,
}: PathTrace): PolicyVerdict[] {
  if (request.to === undefined) return [];
  const name = destinationPlace && topology.podName(destinationPlace);
  const target = topology.facts.objects.pods?.find(
    (pod) => `${pod.namespace}/${pod.name}` === name,
  );
  const dnat = paths[0]?.nat.findLast(({ kind }) => kind === 'dnat');
  return policiesOf(
    topology,
    { address: source, ...(request.from.kind === 'pod' && { pod: request.from.pod }) },
    {
      address: dnat?.to.replace(/:\d+$/, '') ?? destination,
      ...(target && { pod: target }),
    },
    request.protocol,
    finalPort,
  );
}

function policyFaults(trace: PathTrace): Fault[] {
  const verdicts = policyVerdicts(trace);
  return (['egress', 'ingress'] as const).flatMap((direction): Fault[] => {
    const matching = verdicts.filter((verdict) => verdict.direction === direction);
    const [first] = matching;
    if (first === undefined || matching.some(({ verdict }) => verdict !== 'deny')) return [];
    const names = matching.map(({ name }) => name).join(', ');
    return [
      {
        kind: 'policy-denies',
        where: { pod: first.pod },
        evidence: `networkpolicy ${names}: podSelector matches ${first.pod}, no ${direction} rule matches`,
        values: {
          policies: names,
          pod: first.pod,
          direction,
          namespace: first.namespace,
          first: first.name,
        },
      },
    ];
  });
}
