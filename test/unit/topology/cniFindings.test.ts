import { describe, expect, it } from 'vitest';
import { allocationRanges } from '../../../src/topology/cni/allocationRange.ts';
import { cniFindings } from '../../../src/topology/cni/cniFindings.ts';
import type { PodObject } from '../../../src/topology/model/apiObjects.ts';
import type { ClusterFacts } from '../../../src/topology/model/clusterFacts.ts';
import type { CachedResult, CniFacts, Lease } from '../../../src/topology/model/cniFacts.ts';
import type { NetworkNamespace } from '../../../src/topology/model/networkNamespace.ts';
import type { NodeFacts } from '../../../src/topology/model/nodeFacts.ts';
import { namespaceRows } from '../../../src/topology/netns/namespaceRows.ts';

const ID = 'a'.repeat(64);
const GONE = 'b'.repeat(64);
const NOW = Date.parse('2026-11-26T16:00:00Z') / 1000;
const MAC = '9a:00:00:00:00:02';

const CONFIG = {
  name: 'cbr0',
  type: 'bridge',
  ipam: { type: 'host-local', subnet: '10.244.1.0/24' },
};

const result: CachedResult = {
  path: `/var/lib/cni/results/cbr0-${ID}-eth0`,
  containerId: ID,
  network: 'cbr0',
  ifName: 'eth0',
  podName: 'pod-1',
  podNamespace: 'shop',
  args: {},
  config: CONFIG,
  interfaces: [
    { name: 'cni0', mac: '9a:00:00:00:00:01' },
    { name: 'eth0', mac: MAC, sandbox: '/var/run/netns/cni-1' },
  ],
  addresses: [{ address: '10.244.1.7/24', gateway: '10.244.1.1', interface: 1 }],
  routes: [],
  modifiedAt: NOW - 1000,
};

const POD = {
  uid: 'uid-1',
  hostNetwork: false,
  ready: false,
  addresses: [],
  labels: {},
  containers: [],
  annotations: {},
};

function lease(address: string, containerId: string, age = 1000): Lease {
  return {
    path: `/var/lib/cni/networks/cbr0/${address}`,
    network: 'cbr0',
    address,
    containerId,
    modifiedAt: NOW - age,
  };
}

function link(name: string, address: string, mac = MAC, kind = 'veth') {
  const [plain = '', length] = address.split('/');
  return {
    ifindex: 2,
    name,
    flags: ['UP'],
    mtu: 1450,
    state: 'UP',
    type: 'ether',
    mac,
    kind,
    data: {},
    portData: {},
    addresses: [
      { family: 'inet', address: plain, prefixLength: Number(length), scope: 'global', flags: [] },
    ],
  } as const;
}

function namespace(inode: number, fields: Partial<NetworkNamespace>): NetworkNamespace {
  return {
    inode,
    owner: { kind: 'other' },
    processCount: 1,
    mounts: [],
    answers: [],
    unknown: [],
    ...fields,
  };
}

interface Changes {
  readonly cni?: Partial<CniFacts>;
  readonly node?: Partial<NodeFacts>;
  readonly pod?: Partial<NetworkNamespace>;
  readonly bridge?: string;
  readonly podCidrs?: readonly string[];
  readonly pods?: readonly Pick<PodObject, 'namespace' | 'name' | 'terminating'>[];
}

/** A valid node in its cluster, with these changes. */
function scene({
  cni,
  node,
  pod,
  bridge = '10.244.1.1/24',
  podCidrs = ['10.244.1.0/24'],
  pods = [],
}: Changes) {
  const facts: NodeFacts = {
    name: 'node-a',
    collectedAt: new Date(NOW * 1000).toISOString(),
    kernel: '6.18.0',
    hostInode: 1,
    namespaces: [
      namespace(1, {
        owner: { kind: 'host' },
        links: [link('cni0', bridge, '9a:00:00:00:00:01', 'bridge')],
      }),
      namespace(2, {
        mounts: [{ path: '/run/netns/cni-1', mntns: 5 }],
        links: [link('eth0', '10.244.1.7/24')],
        ...pod,
      }),
    ],
    processes: [{ pid: 7, name: 'pause', netns: 2, containerId: ID }],
    sandboxes: [],
    runtime: { folders: ['/run/containerd'], ids: [ID] },
    cni: {
      configurations: [
        { path: '/etc/cni/net.d/10-x.conf', inForce: true, plugins: ['bridge'], content: CONFIG },
      ],
      results: [result],
      leases: [lease('10.244.1.7', ID)],
      lastReserved: [],
      delegates: [],
      ...cni,
    },
    tools: [],
    unknown: [],
    ...node,
  };
  const cluster: ClusterFacts = {
    format: 'netdebug-facts/1',
    collectedAt: facts.collectedAt,
    nodes: [facts],
    objects: {
      nodes: [{ name: 'node-a', addresses: [], podCidrs, labels: {}, annotations: {} }],
      pods: pods.map((pod) => ({ ...POD, ...pod })),
    },
    unknown: [],
  };
  return { cluster, facts };
}

function kindsOf(changes: Changes) {
  const { cluster, facts } = scene(changes);
  return cniFindings(cluster, facts);
}

const kinds = (changes: Changes) => kindsOf(changes).map(({ kind }) => kind);

describe('findings in the files of CNI plugins', () => {
  it('are none if cache, leases, interface, node and bridge agree', () => {
    expect(kindsOf({})).toEqual([]);
  });

  it('include a lease without a sandbox, unless a pod may just be starting', () => {
    const podLease = lease('10.244.1.7', ID);
    expect(kinds({ cni: { leases: [podLease, lease('10.244.1.9', GONE)] } })).toEqual([
      'leaked-lease',
    ]);
    expect(kinds({ cni: { leases: [podLease, lease('10.244.1.9', GONE, 10)] } })).toEqual([]);
  });

  it('exclude a pod that is being deleted: its sandbox ends before its lease and its namespace', () => {
    const pod = { namespace: 'shop', name: 'pod-1', terminating: true };
    const changes = {
      cni: { leases: [lease('10.244.1.7', ID)] },
      node: { runtime: { folders: ['/run/containerd'], ids: [] }, processes: [] },
    };
    expect(kinds(changes)).toEqual(['leaked-lease']);
    expect(kinds({ ...changes, pods: [pod] })).toEqual([]);
    expect(kinds({ ...changes, pods: [{ ...pod, terminating: false }] })).toEqual(['leaked-lease']);
    expect(kinds({ ...changes, pods: [{ ...pod, name: 'pod-2' }] })).toEqual(['leaked-lease']);
  });

  it.each([true, false])(
    'include the namespace that a pod left behind, unless the pod is being deleted: %s',
    (terminating) => {
      const { cluster } = scene({
        cni: { results: [{ ...result, netns: '/var/run/netns/cni-1' }] },
        node: { runtime: { folders: ['/run/containerd'], ids: [] }, processes: [] },
        pod: { processCount: 0 },
        pods: [{ namespace: 'shop', name: 'pod-1', terminating }],
      });
      const [, row] = namespaceRows(cluster);
      expect(row?.leaked).toBe(!terminating);
    },
  );

  it('exclude leases if the runtime could not be queried', () => {
    const unknown = kindsOf({
      cni: { leases: [lease('10.244.1.7', ID), lease('10.244.1.9', GONE)] },
      node: { runtime: undefined } as unknown as Partial<NodeFacts>,
    });
    expect(unknown).toEqual([]);
  });

  it('include a full range, caused by leaked leases', () => {
    const leases = Array.from({ length: 252 }, (_, index) => {
      const address = `10.244.1.${index + 2}`;
      return lease(address === '10.244.1.7' ? '10.244.1.254' : address, GONE);
    });
    const all = kindsOf({ cni: { leases: [lease('10.244.1.7', ID), ...leases] } });
    expect(all.map(({ kind, causedBy }) => [kind, causedBy])).toEqual([
      ['leaked-lease', undefined],
      ['range-full', 'leaked-lease'],
    ]);
    expect(all[1]?.evidence).toContain('253 of 253');
    const oneFewer = leases.slice(1);
    expect(kinds({ cni: { leases: [lease('10.244.1.7', ID), ...oneFewer] } })).toEqual([
      'leaked-lease',
    ]);
  });

  it.each<[string, Changes, string]>([
    ['another address', { pod: { links: [link('eth0', '10.244.1.8/24')] } }, 'address-mismatch'],
    [
      'another MAC',
      { pod: { links: [link('eth0', '10.244.1.7/24', '02:00:00:00:00:09')] } },
      'mac-mismatch',
    ],
    ['no interface', { pod: { links: [link('lo', '127.0.0.1/8')] } }, 'interface-missing'],
    ['the lease of another', { cni: { leases: [lease('10.244.1.7', GONE, 1)] } }, 'lease-mismatch'],
    ['no lease', { cni: { leases: [lease('10.244.1.8', ID)] } }, 'lease-mismatch'],
    ['another pod range', { podCidrs: ['10.244.3.0/24'] }, 'pod-cidr-mismatch'],
    ['another bridge address', { bridge: '10.244.9.1/24' }, 'bridge-address-mismatch'],
    [
      'a cut file',
      { cni: { leases: [{ ...lease('10.244.1.7', ID), fault: { reason: 'truncated' } }] } },
      'damaged-cni-file',
    ],
    [
      'no valid configuration',
      {
        cni: {
          configurations: [
            {
              path: '/etc/cni/net.d/10-x.conf',
              inForce: false,
              plugins: [],
              fault: { reason: 'empty' },
            },
          ],
        },
      },
      'no-cni-configuration',
    ],
    [
      'a result whose sandbox is gone',
      {
        cni: {
          results: [
            result,
            {
              ...result,
              path: '/x',
              containerId: GONE,
              netns: '/run/netns/cni-2',
              podName: 'pod-2',
              interfaces: [],
            },
          ],
        },
      },
      'stale-cni-result',
    ],
  ])('are one finding for %s', (_, changes, kind) => {
    const otherKinds = kinds(changes).filter(
      (candidate) => candidate !== 'damaged-cni-file' || kind === candidate,
    );
    expect(otherKinds).toEqual([kind]);
  });
});

describe('the range of host-local', () => {
  it.each([
    ['/24', { subnet: '10.244.1.0/24' }, 253, '10.244.1.1', '10.244.1.254'],
    [
      'part of one',
      { subnet: '10.0.0.0/16', rangeStart: '10.0.0.10', rangeEnd: '10.0.0.19' },
      10,
      '10.0.0.10',
      '10.0.0.19',
    ],
    [
      'its gateway within',
      {
        subnet: '10.0.0.0/16',
        rangeStart: '10.0.0.10',
        rangeEnd: '10.0.0.19',
        gateway: '10.0.0.12',
      },
      9,
      '10.0.0.10',
      '10.0.0.19',
    ],
    ['IPv6', { subnet: 'fd00:1::/120' }, 254, 'fd00:1::1', 'fd00:1::ff'],
  ])('%s', (_, ipam, size, first, last) => {
    const content = {
      name: 'x',
      plugins: [{ type: 'bridge', ipam: { type: 'host-local', ranges: [[ipam]] } }],
    };
    const cni: CniFacts = {
      configurations: [{ path: '/x', inForce: true, plugins: [], content }],
      results: [],
      leases: [],
      lastReserved: [],
      delegates: [],
    };
    expect(allocationRanges(cni)).toEqual([
      { network: 'x', subnet: ipam.subnet, first, last, size },
    ]);
  });
});
