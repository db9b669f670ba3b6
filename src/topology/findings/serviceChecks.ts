import { isWithin } from '../address.ts';
import { datapathOf } from '../trace/datapath.ts';
import { hostPortPod } from '../trace/nodePorts.ts';
import { type PolicyVerdict, policiesOf } from '../trace/policies.ts';
import { usableBackends } from '../trace/serviceBackends.ts';
import type { PathTrace } from '../trace/tracePath.ts';
import type { Fault } from '../trace/way.ts';
import { conntrackFaults } from './conntrackChecks.ts';

/** What is wrong with the requested service, and what policies say about the packet. */
export function serviceFaults(trace: PathTrace): Fault[] {
  return [
    ...ofService(trace),
    ...conntrackFaults(trace),
    ...ofHostPort(trace),
    ...ofPolicies(trace),
  ];
}

function ofService(trace: PathTrace): Fault[] {
  const { request, service, ways, source, wiring } = trace;
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
    const has = ports.map(({ port, protocol }) => `${port}/${protocol}`).join(', ');
    const port = request.port === undefined ? '' : `${request.port}`;
    return [
      fault('service-port-missing', `ports: ${has || 'none'}`, {
        port,
        ports: has || 'none',
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
    !sourceRanges.some((one) => isWithin(one, source))
  ) {
    faults.push(
      fault('service-source-range', `loadBalancerSourceRanges: ${sourceRanges.join(', ')}`, {
        ranges: sourceRanges.join(', '),
        source,
      }),
    );
  }
  const there = ways[0];
  const isTranslated = there?.nat.some(({ kind }) => kind === 'dnat') === true;
  const at = nodePortOf ?? from;
  const node = at === undefined ? undefined : wiring.node(at);
  const host = node && wiring.host(node);
  const byPrograms =
    host?.network.links?.some((link) => datapathOf({ network: host.network, link })) === true;
  const wasRead =
    host?.network.netfilter?.nft !== undefined ||
    host?.network.netfilter?.iptablesLegacy !== undefined;
  const hasReached = there?.hops.some(
    ({ node: passed, netns }) => passed === at && netns === node?.hostInode,
  );
  if (!isTranslated && wasRead && !byPrograms && hasReached && faults.length === 0) {
    faults.push({
      ...fault(
        'service-not-programmed',
        `no rule for ${trace.destination}:${request.port ?? service.port.port} on ${at}`,
        { address: trace.destination },
      ),
      where: { ...(at !== undefined && { node: at }) },
    });
  }
  return faults;
}

/** A node port that belongs to a pod (hostPort). */
function ofHostPort({ request, wiring, ways, service }: PathTrace): Fault[] {
  const { to, port, protocol } = request;
  if (to?.kind !== 'node' || service !== undefined) return [];
  const found = hostPortPod(wiring, to.node.name, port, protocol);
  const isTranslated = ways[0]?.nat.some(({ kind }) => kind === 'dnat') === true;
  const rules = to.place?.network.netfilter;
  const wasRead = rules?.nft !== undefined || rules?.iptablesLegacy !== undefined;
  if (found === undefined || isTranslated || !wasRead || ways[0]?.end !== 'delivered') return [];
  return [
    {
      kind: 'host-port-not-programmed',
      where: { node: to.node.name },
      evidence: `no rule for port ${port}/${protocol} on ${to.node.name}`,
      values: { target: `${found.pod.namespace}/${found.pod.name}`, port: `${port}` },
    },
  ];
}

/** The policies that select either end of a path. */
export function policyVerdicts({
  request,
  aim,
  wiring,
  ways,
  source,
  destination,
  finalPort,
}: PathTrace): PolicyVerdict[] {
  if (request.to === undefined) return [];
  const name = aim && wiring.podName(aim);
  const target = wiring.facts.objects.pods?.find((pod) => `${pod.namespace}/${pod.name}` === name);
  const dnat = ways[0]?.nat.findLast(({ kind }) => kind === 'dnat');
  return policiesOf(
    wiring,
    { address: source, ...(request.from.kind === 'pod' && { pod: request.from.pod }) },
    {
      address: dnat?.to.replace(/:\d+$/, '') ?? destination,
      ...(target && { pod: target }),
    },
    request.protocol,
    finalPort,
  );
}

function ofPolicies(trace: PathTrace): Fault[] {
  const verdicts = policyVerdicts(trace);
  return (['egress', 'ingress'] as const).flatMap((direction): Fault[] => {
    const own = verdicts.filter((one) => one.direction === direction);
    const [first] = own;
    if (first === undefined || own.some(({ verdict }) => verdict !== 'deny')) return [];
    const names = own.map(({ name }) => name).join(', ');
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
