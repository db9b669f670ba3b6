import { isWithin } from '../address.ts';
import { datapathOf } from '../trace/datapath.ts';
import { type PolicyVerdict, policiesOf } from '../trace/policies.ts';
import { usableBackends } from '../trace/serviceBackends.ts';
import type { PathTrace } from '../trace/tracePath.ts';
import type { Fault } from '../trace/way.ts';

/** What is wrong with the service that is asked for, and what policies say of the packet. */
export function serviceFaults(trace: PathTrace): Fault[] {
  return [...ofService(trace), ...ofPolicies(trace)];
}

function ofService(trace: PathTrace): Fault[] {
  const { request, service, ways, source, wiring } = trace;
  const { to } = request;
  if (to?.kind !== 'service' || service === undefined) return [];
  const { namespace, name, ports, sourceRanges, internalTrafficPolicy } = to.service;
  const text = `svc/${name} (namespace ${namespace})`;
  const values = { service: text, namespace, name };
  const fault = (kind: string, evidence: string, more: Record<string, string>): Fault => ({
    kind,
    where: {},
    evidence,
    values: { ...values, ...more },
  });
  if (service.port === undefined) {
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
    const selector = Object.entries(to.service.selector ?? {})
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
  const faults: Fault[] = [];
  const from =
    request.from.kind === 'pod'
      ? request.from.pod.node
      : request.from.kind === 'node'
        ? request.from.node.name
        : undefined;
  if (internalTrafficPolicy === 'Local' && from !== undefined) {
    const isLocal = usableBackends(backends).some(({ node }) => node === from);
    if (!isLocal) {
      const nodes = [...new Set(usableBackends(backends).map(({ node }) => node))].join(', ');
      faults.push({
        ...fault('service-no-local-endpoints', `endpoints on: ${nodes}`, {
          policy: 'internalTrafficPolicy',
          node: from,
        }),
        where: { node: from },
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
  const node = from === undefined ? undefined : wiring.node(from);
  const host = node && wiring.host(node);
  const byPrograms =
    host?.network.links?.some((link) => datapathOf({ network: host.network, link })) === true;
  const wasRead =
    host?.network.netfilter?.nft !== undefined ||
    host?.network.netfilter?.iptablesLegacy !== undefined;
  const hasReached = there?.hops.some(
    ({ node: passed, netns }) => passed === from && netns === node?.hostInode,
  );
  if (
    !isTranslated &&
    wasRead &&
    !byPrograms &&
    hasReached &&
    !to.service.clusterAddresses.includes('None') &&
    faults.length === 0
  ) {
    faults.push({
      ...fault(
        'service-not-programmed',
        `no rule for ${trace.destination}:${service.port.port} on ${from}`,
        { address: trace.destination },
      ),
      where: { ...(from !== undefined && { node: from }) },
    });
  }
  return faults;
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
