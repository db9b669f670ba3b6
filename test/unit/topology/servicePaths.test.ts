import { describe, expect, it } from 'vitest';
import type { PodObject, ServiceObject } from '../../../src/topology/model/apiObjects.ts';
import type { ClusterFacts } from '../../../src/topology/model/clusterFacts.ts';
import { unknownOf } from '../../../src/topology/render/pathDocument.ts';
import { renderPath } from '../../../src/topology/render/renderPath.ts';
import { factsOf } from './support/fixture.ts';
import { BRIDGED } from './support/fixtures/bridged.ts';
import { pathBetween } from './support/pathBetween.ts';

const SERVICE: ServiceObject = {
  namespace: 'default',
  name: 'web',
  type: 'NodePort',
  clusterAddresses: ['10.96.0.10'],
  externalAddresses: [],
  loadBalancerAddresses: [],
  sourceRanges: [],
  ports: [{ protocol: 'TCP', port: 8000, targetPort: 80, nodePort: 30080 }],
  publishNotReadyAddresses: false,
};

/** kube-proxy's rules for a service with these endpoints, each with its share. */
function serviceRules(endpoints: readonly string[], more: readonly string[] = []): string {
  const seps = endpoints.flatMap((address, at) => [
    `-A KUBE-SVC-A ${at < endpoints.length - 1 ? '-m statistic --mode random --probability 0.50000000000 ' : ''}-m comment --comment "default/web -> ${address}:80" -j KUBE-SEP-${at}`,
    `-A KUBE-SEP-${at} -p tcp -m tcp -j DNAT --to-destination ${address}:80`,
  ]);
  return [
    '*nat',
    ':PREROUTING ACCEPT [0:0]',
    ':OUTPUT ACCEPT [0:0]',
    ':KUBE-SERVICES - [0:0]',
    ':KUBE-NODEPORTS - [0:0]',
    ':KUBE-SVC-A - [0:0]',
    ...endpoints.map((_, at) => `:KUBE-SEP-${at} - [0:0]`),
    '-A PREROUTING -j KUBE-SERVICES',
    '-A OUTPUT -j KUBE-SERVICES',
    '-A KUBE-SERVICES -d 10.96.0.10/32 -p tcp -m comment --comment "default/web cluster IP" -m tcp --dport 8000 -j KUBE-SVC-A',
    '-A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS',
    '-A KUBE-NODEPORTS -p tcp -m comment --comment "default/web" -m tcp --dport 30080 -j KUBE-SVC-A',
    ...more,
    ...seps,
    'COMMIT',
    '',
  ].join('\n');
}

interface Change {
  readonly rules?: string;
  readonly service?: Partial<ServiceObject>;
  readonly endpoints?: readonly { readonly address: string; readonly node: string }[];
  readonly pod?: Partial<PodObject>;
  readonly podRules?: string;
  readonly entries?: readonly string[];
}

const B1 = { address: '10.244.2.2', node: 'node-b' };

/** A bridge on each of two nodes, with service rules on both. */
function cluster({
  rules = '',
  service,
  endpoints = [B1],
  pod,
  podRules,
  entries,
}: Change): ClusterFacts {
  const facts = factsOf(BRIDGED.FLANNEL_HOST_GW);
  const texts = (ipv4: string) => ({
    nft: '',
    iptablesNft: { ipv4: '', ipv6: '' },
    iptablesLegacy: { ipv4, ipv6: '' },
    ipset: '',
    ipvs: '',
  });
  return {
    ...facts,
    nodes: facts.nodes.map((node) => ({
      ...node,
      namespaces: node.namespaces.map((network) => ({
        ...network,
        ...(network.owner.kind === 'host'
          ? {
              netfilter: texts(rules),
              listeners: [],
              ...(entries &&
                node.name === 'node-a' && { conntrack: { count: 1, max: 100, entries } }),
            }
          : podRules !== undefined && { netfilter: texts(podRules) }),
      })),
    })),
    objects: {
      ...facts.objects,
      pods: (facts.objects.pods ?? []).map((candidate) =>
        candidate.name === 'b1' ? { ...candidate, ...pod } : candidate,
      ),
      services: [{ ...SERVICE, ...service }],
      endpointSlices: [
        {
          namespace: 'default',
          name: 'web-1',
          service: 'web',
          addressType: 'IPv4',
          ports: [{ port: 80, protocol: 'TCP' }],
          endpoints: endpoints.map(({ address, node }) => ({
            addresses: [address],
            node,
            ready: true,
            serving: true,
            terminating: false,
          })),
        },
      ],
    },
  };
}

const findingsOf = (change: Change, from: string, to: string, port: number) => {
  const { trace, findings } = pathBetween(cluster(change), from, to, port);
  const independent = findings.filter(({ causedBy }) => causedBy === undefined);
  return {
    trace,
    kinds: independent.map(({ kind }) => kind),
    ends: trace.paths.map(({ end }) => end),
    findings,
  };
};

describe('a port of a node', () => {
  it('leads to an endpoint of its service', () => {
    const { kinds, ends, trace } = findingsOf(
      { rules: serviceRules(['10.244.2.2']) },
      'a1',
      'node/node-b',
      30080,
    );
    expect(kinds).toEqual([]);
    expect(ends).toEqual(['delivered', 'delivered']);
    expect(trace.paths[0]?.nat[0]).toMatchObject({ to: '10.244.2.2:80', service: 'default/web' });
    expect(trace.paths[0]?.hops.at(-1)?.pod).toBe('default/b1');
  });

  it('is not programmed if no rule contains it', () => {
    const { kinds } = findingsOf({}, 'a1', 'node/node-b', 30080);
    expect(kinds).toEqual(['service-not-programmed']);
  });

  it('needs a local endpoint if the external traffic policy is Local', () => {
    const change: Change = {
      rules: serviceRules(['10.244.2.2']),
      service: { externalTrafficPolicy: 'Local' },
    };
    expect(findingsOf(change, '203.0.113.9', 'node/node-b', 30080).kinds).toEqual([]);
    expect(findingsOf(change, '203.0.113.9', 'node/node-a', 30080).kinds).toEqual([
      'service-no-local-endpoints',
    ]);
  });

  it('reports a service without endpoints', () => {
    expect(findingsOf({ endpoints: [] }, 'a1', 'node/node-b', 30080).kinds).toEqual([
      'service-no-endpoints',
    ]);
  });

  it('leads to the pod with this hostPort, or nowhere', () => {
    const pod: Partial<PodObject> = {
      containers: [
        {
          name: 'main',
          kind: 'container',
          running: true,
          ports: [{ port: 80, hostPort: 8080, protocol: 'TCP' }],
        },
      ],
    };
    const rules =
      '*nat\n:PREROUTING ACCEPT [0:0]\n:CNI-HOSTPORT-DNAT - [0:0]\n-A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT\n-A CNI-HOSTPORT-DNAT -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.244.2.2:80\nCOMMIT\n';
    const whenProgrammed = findingsOf({ pod, rules }, 'a1', 'node/node-b', 8080);
    expect(whenProgrammed.kinds).toEqual([]);
    expect(whenProgrammed.trace.paths[0]?.hops.at(-1)?.pod).toBe('default/b1');
    expect(findingsOf({ pod }, 'a1', 'node/node-b', 8080).kinds).toEqual([
      'host-port-not-programmed',
    ]);
    expect(findingsOf({ pod }, 'a1', 'node/node-b', 8081).kinds).toEqual(['no-listener']);
  });
});

describe('a service', () => {
  it('needs a local endpoint if the internal traffic policy is Local', () => {
    const change: Change = {
      rules: serviceRules(['10.244.2.2']),
      service: { internalTrafficPolicy: 'Local' },
    };
    expect(findingsOf(change, 'a1', 'svc/web', 8000).kinds).toEqual(['service-no-local-endpoints']);
    expect(findingsOf(change, 'b1', 'svc/web', 8000).kinds).toEqual([]);
  });

  it('is refused by rules if it has no suitable endpoint, with no other finding', () => {
    const rules = (chance: string) =>
      `*filter\n:FORWARD ACCEPT [0:0]\n:KUBE-SERVICES - [0:0]\n-A FORWARD -j KUBE-SERVICES\n-A KUBE-SERVICES -d 10.96.0.10/32 -p tcp -m tcp --dport 8000 -j ${chance}\nCOMMIT\n`;
    const none = findingsOf({ rules: rules('REJECT'), endpoints: [] }, 'a1', 'svc/web', 8000);
    expect(none.kinds).toEqual(['service-no-endpoints']);
    expect(none.findings.find(({ kind }) => kind === 'filter-drop')?.causedBy).toBe(
      'service-no-endpoints',
    );
    const service = { internalTrafficPolicy: 'Local' };
    const withDropPolicy = findingsOf({ rules: rules('DROP'), service }, 'a1', 'svc/web', 8000);
    expect(withDropPolicy.kinds).toEqual(['service-no-local-endpoints']);
    // A connection that is never made has no answer, so there is no path back.
    expect(withDropPolicy.ends).toEqual(['stopped']);
    // If it has endpoints, a rule that drops is the fault itself.
    const dropped = `${serviceRules(['10.244.2.2'])}*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -d 10.244.2.2/32 -j DROP\nCOMMIT\n`;
    expect(findingsOf({ rules: dropped }, 'a1', 'svc/web', 8000).kinds).toEqual(['filter-drop']);
  });

  it('without a cluster address leads to its pods, at the given port', () => {
    const headless: Change = { service: { type: 'ClusterIP', clusterAddresses: [] } };
    const { kinds, ends, trace } = findingsOf(headless, 'a1', 'svc/web', 80);
    expect(kinds).toEqual([]);
    expect(ends).toEqual(['delivered', 'delivered']);
    expect(trace.destination).toBe('10.244.2.2');
    expect(trace.paths[0]?.nat).toEqual([]);
    expect(findingsOf({ ...headless, endpoints: [] }, 'a1', 'svc/web', 80)).toMatchObject({
      kinds: ['service-no-endpoints'],
      ends: [],
    });
    const external: Change = { service: { type: 'ExternalName', clusterAddresses: [] } };
    expect(() => findingsOf(external, 'a1', 'svc/web', 80)).toThrow('ExternalName');
  });

  it("sends its answers to the sender's node if that node masquerades the sender", () => {
    const rules = `${serviceRules(['10.244.2.2'])}*nat\n:POSTROUTING ACCEPT [0:0]\n-A POSTROUTING -s 10.244.1.0/24 ! -d 10.244.0.0/16 -j MASQUERADE\nCOMMIT\n`;
    const { kinds, ends, trace } = findingsOf({ rules }, 'a1', 'node/node-b', 30080);
    expect(trace.paths[0]?.nat.map(({ kind }) => kind)).toEqual(['snat', 'dnat']);
    expect(kinds).toEqual([]);
    expect(ends).toEqual(['delivered', 'delivered']);
  });

  it('is followed to the endpoint that was collected if rules choose at random', () => {
    const rules = serviceRules(['10.244.9.9', '10.244.2.2']);
    const endpoints = [B1, { address: '10.244.9.9', node: 'node-c' }];
    const { kinds, ends, trace } = findingsOf({ rules, endpoints }, 'a1', 'svc/web', 8000);
    expect(kinds).toEqual([]);
    expect(ends).toEqual(['delivered', 'delivered']);
    expect(trace.paths[0]?.nat[0]?.others).toEqual(['10.244.2.2:80']);
  });

  it('shows its session affinity, and follows rules for it only as far as they are known', () => {
    const recent =
      '-A KUBE-SVC-A -m recent --rcheck --seconds 10800 --reap --name KUBE-SEP-0 --mask 255.255.255.255 --rsource -j KUBE-SEP-0';
    const { trace, kinds, findings } = findingsOf(
      { rules: serviceRules(['10.244.2.2'], [recent]), service: { sessionAffinity: 'ClientIP' } },
      'a1',
      'svc/web',
      8000,
    );
    expect(kinds).toEqual([]);
    expect(trace.paths[0]?.hops.at(-1)?.pod).toBe('default/b1');
    expect([...renderPath(trace, findings, false)].join('')).toContain('ClientIP');
  });

  it('loses connections that are tracked to a removed endpoint', () => {
    const entry = (answering: string) =>
      `ipv4     2 tcp      6 86389 ESTABLISHED src=10.244.1.2 dst=10.96.0.10 sport=40000 dport=8000 src=${answering} dst=10.244.1.2 sport=80 dport=40000 [ASSURED] mark=0 zone=0 use=2`;
    const rules = serviceRules(['10.244.2.2']);
    expect(
      findingsOf({ rules, entries: [entry('10.244.2.2')] }, 'a1', 'svc/web', 8000).kinds,
    ).toEqual([]);
    const stale = findingsOf(
      { rules, entries: [entry('10.244.2.2'), entry('10.244.2.66')] },
      'a1',
      'svc/web',
      8000,
    );
    expect(stale.kinds).toEqual(['stale-conntrack']);
    expect(stale.findings[0]?.evidence).toContain('src=10.244.2.66');
  });
});

describe('a mesh sidecar', () => {
  it('is reported, and the connection is followed as if the sidecar made the same one', () => {
    const podRules =
      '*nat\n:OUTPUT ACCEPT [0:0]\n:ISTIO_OUTPUT - [0:0]\n-A OUTPUT -p tcp -j ISTIO_OUTPUT\n-A ISTIO_OUTPUT -d 127.0.0.1/32 -j RETURN\n-A ISTIO_OUTPUT -p tcp -j REDIRECT --to-ports 15001\nCOMMIT\n';
    const pod: Partial<PodObject> = {
      containers: [{ name: 'istio-proxy', kind: 'sidecar', running: true, ports: [] }],
    };
    const { kinds, trace } = findingsOf({ podRules, pod }, 'a1', 'b1', 80);
    expect(kinds).toEqual([]);
    expect(trace.paths[0]?.hops.at(-1)?.pod).toBe('default/b1');
    expect(unknownOf(trace).map(({ what }) => what)).toEqual(
      expect.arrayContaining(['mesh sidecar', 'mesh sidecar istio-proxy']),
    );
  });
});
