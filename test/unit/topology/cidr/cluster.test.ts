import { describe, expect, it } from 'vitest';
import {
  type ClusterReport,
  clusterReport,
} from '../../../../src/topology/cidr/cluster/clusterReport.ts';
import { renderClusterReport } from '../../../../src/topology/cidr/cluster/renderClusterReport.ts';
import { mustParseRange } from '../../../../src/topology/cidr/range.ts';
import type { NodeObject, PodObject } from '../../../../src/topology/model/apiObjects.ts';
import type { ClusterFacts } from '../../../../src/topology/model/clusterFacts.ts';
import type { LearnedRange } from '../../../../src/topology/model/learnedRange.ts';
import { podObject } from '../support/fixture.ts';

const CONTROLLER = 'kube-controller-manager --cluster-cidr';

function node(name: string, podCidrs: string[], more: Partial<NodeObject> = {}): NodeObject {
  const number = Number(name.replace(/\D/g, ''));
  const address = `192.168.${number >> 8}.${number & 255}`;
  return {
    name,
    addresses: [{ type: 'InternalIP', address }],
    podCidrs,
    podLimit: 110,
    labels: {},
    annotations: {},
    ...more,
  };
}

function pod(node: string, addresses: string[], more: Partial<PodObject> = {}): PodObject {
  return podObject('web', node, addresses, { namespace: 'shop', ...more });
}

const pods = (cidr: string, more: Partial<LearnedRange> = {}): LearnedRange => ({
  use: 'pods',
  cidr,
  source: CONTROLLER,
  ...more,
});
const services = (cidr: string): LearnedRange => ({
  use: 'services',
  cidr,
  source: 'ServiceCIDR kubernetes',
});

interface ReportInput {
  readonly nodes?: readonly NodeObject[];
  readonly pods?: readonly PodObject[];
  readonly ranges?: readonly LearnedRange[];
  readonly serviceAddresses?: readonly string[];
  readonly avoid?: readonly string[];
  readonly entered?: ClusterFacts['nodes'];
}

function report(input: ReportInput): ClusterReport {
  const facts: ClusterFacts = {
    format: 'netdebug-facts/1',
    collectedAt: '2026-11-26T15:20:00Z',
    nodes: input.entered ?? [],
    objects: {
      nodes: input.nodes ?? [],
      pods: input.pods ?? [],
      ranges: input.ranges ?? [],
      services: (input.serviceAddresses ?? []).map((address) => ({
        namespace: 'shop',
        name: 'web',
        type: 'ClusterIP',
        clusterAddresses: [address],
        externalAddresses: [],
        loadBalancerAddresses: [],
        sourceRanges: [],
        ports: [],
        publishNotReadyAddresses: false,
      })),
    },
    unknown: [],
  };
  return clusterReport(facts, {
    pods: [],
    services: [],
    avoid: (input.avoid ?? []).map(mustParseRange),
  });
}

const what = (made: ClusterReport, kind: string) =>
  made.findings
    .filter((finding) => finding.kind === kind)
    .map((finding) => finding.what)
    .join('\n');

const FOUR = [0, 1, 2, 3].map((at) => node(`node-${at + 1}`, [`10.244.${at}.0/24`]));

describe('the ranges of a cluster', () => {
  it('explain which node got no range, and why', () => {
    const made = report({
      nodes: [...FOUR, node('node-5', [])],
      ranges: [pods('10.244.0.0/22', { nodeMask: 24 })],
    });
    expect(made.moreNodes).toBe(0);
    expect(made.limits[0]).toEqual({ what: 'ranges for nodes (/24)', used: 4, total: 4 });
    expect(what(made, 'node-without-range')).toMatch(/^node-5: .*all 4 ranges .*CIDRNotAvailable/);
  });

  it('are not blamed if there are free ranges for nodes', () => {
    const made = report({
      nodes: [...FOUR, node('node-5', [])],
      ranges: [pods('10.244.0.0/16')],
    });
    expect(made.moreNodes).toBe(252);
    expect(what(made, 'node-without-range')).not.toContain('CIDRNotAvailable');
  });

  it('count the addresses of running pods, once each, and of leases', () => {
    const leases = ['10.244.0.2', '10.244.0.200'].map((address) => ({
      path: address,
      network: 'cbr0',
      address,
    }));
    const made = report({
      nodes: FOUR,
      pods: [
        pod('node-1', ['10.244.0.2']),
        pod('node-1', ['10.244.0.3']),
        pod('node-1', ['10.244.0.4'], { phase: 'Succeeded' }),
        pod('node-1', ['192.168.0.1'], { hostNetwork: true }),
      ],
      entered: [
        {
          name: 'node-1',
          collectedAt: '2026-11-26T15:20:00Z',
          kernel: '6.1',
          hostInode: 1,
          namespaces: [],
          processes: [],
          sandboxes: [],
          tools: [],
          unknown: [],
          cni: { configurations: [], results: [], leases, lastReserved: [], delegates: [] },
        },
      ],
    });
    expect(made.nodes[0]).toEqual({
      name: 'node-1',
      ranges: [
        {
          network: '10.244.0.0/24',
          learnedFrom: 'spec.podCIDRs',
          addresses: 253,
          used: 3,
          free: 250,
        },
      ],
      pods: 3,
      podLimit: 110,
    });
  });

  it('are "at least" the smallest ranges that cover the addresses, if no source names them', () => {
    const made = report({ nodes: FOUR, serviceAddresses: ['10.96.0.1', '10.96.0.10'] });
    expect(made.ranges).toEqual([
      expect.objectContaining({ use: 'nodes', network: '192.168.0.0/29', exact: false }),
      expect.objectContaining({ use: 'pods', network: '10.244.0.0/22', exact: false }),
      expect.objectContaining({ use: 'services', network: '10.96.0.0/28', exact: false }),
    ]);
    expect(made.moreNodes).toBeUndefined();
    expect([...renderClusterReport(made, false)].join('')).toContain('at least 10.244.0.0/22');
  });

  it('depend on the smaller of two families', () => {
    const dual = node('node-1', ['10.244.0.0/24', 'fd00:10:244::/64']);
    const made = report({
      nodes: [dual],
      pods: [pod('node-1', ['10.244.0.2', 'fd00:10:244::2'])],
      ranges: [pods('10.244.0.0/16'), pods('fd00:10:244::/60')],
    });
    expect(made.moreNodes).toBe(15);
    expect(made.nodes[0]?.ranges.map(({ used }) => used)).toEqual([1, 1]);
    expect(made.nodes[0]?.ranges[1]?.addresses).toBe('18446744073709551614');
  });

  it('include blocks of Calico, all of whose addresses are usable', () => {
    const block = (cidr: string): LearnedRange => ({
      ...pods(cidr, { node: 'node-1', blocks: true }),
      source: 'BlockAffinity',
    });
    const pool = pods('192.168.128.0/17', { nodeMask: 26, blocks: true });
    const made = report({
      nodes: [node('node-1', ['10.244.0.0/24']), node('node-2', ['10.244.1.0/24'])],
      ranges: [pool, block('192.168.128.0/26'), block('192.168.128.64/26')],
    });
    expect(made.nodes[0]?.ranges.map(({ addresses }) => addresses)).toEqual([64, 64]);
    expect(made.moreNodes).toBe(510);
  });

  it.each<[string, ReportInput, 'error' | 'warning']>([
    ['overlap', { ranges: [pods('10.0.0.0/8')], avoid: ['10.1.0.0/16'] }, 'error'],
    ['overlap', { nodes: [node('node-1', [])], ranges: [pods('192.168.0.0/16')] }, 'error'],
    [
      'overlap',
      { nodes: FOUR, ranges: [pods('10.244.0.0/16'), services('10.244.0.0/20')] },
      'error',
    ],
    [
      'services-inside',
      { ranges: [pods('10.244.0.0/16'), services('10.244.240.0/20')] },
      'warning',
    ],
    ['special-range', { ranges: [pods('172.17.0.0/16')] }, 'warning'],
    ['special-range', { ranges: [services('169.254.0.0/20')] }, 'error'],
    ['special-range', { ranges: [pods('100.64.0.0/16')] }, 'warning'],
    ['misaligned', { ranges: [pods('10.244.0.0/12')] }, 'warning'],
    [
      'ranges-disagree',
      {
        ranges: [
          pods('10.244.0.0/16'),
          { ...pods('10.42.0.0/16'), source: 'ConfigMap kube-proxy' },
        ],
      },
      'warning',
    ],
    [
      'duplicate-node-range',
      { nodes: [node('node-1', ['10.244.0.0/24']), node('node-2', ['10.244.0.0/24'])] },
      'error',
    ],
    ['node-range-outside', { nodes: FOUR, ranges: [pods('10.42.0.0/16')] }, 'warning'],
    ['node-range-too-small', { nodes: [node('node-1', ['10.244.0.0/26'])] }, 'warning'],
    [
      'node-range-full',
      {
        nodes: [node('node-1', ['10.244.0.0/30'])],
        pods: [pod('node-1', ['10.244.0.2'])],
      },
      'error',
    ],
    ['pod-outside', { nodes: FOUR, pods: [pod('node-1', ['10.42.0.9'])] }, 'warning'],
  ])('have the finding %s: %j', (kind, input, severity) => {
    const matching = report(input).findings.filter((finding) => finding.kind === kind);
    expect(matching.map((finding) => finding.severity)).toContain(severity);
  });

  it('have no findings if nothing is wrong', () => {
    const made = report({
      nodes: FOUR,
      pods: [pod('node-1', ['10.244.0.2'])],
      ranges: [pods('10.244.0.0/16'), services('10.96.0.0/12')],
      serviceAddresses: ['10.96.0.1'],
      avoid: ['172.20.0.0/16'],
    });
    expect(made.findings).toEqual([]);
  });

  it('are computed quickly for 1,000 nodes and 30,000 pods', () => {
    const nodes = Array.from({ length: 1000 }, (_, at) =>
      node(`node-${at}`, [`10.${240 + (at >> 8)}.${at & 255}.0/24`]),
    );
    const manyPods = Array.from({ length: 30_000 }, (_, at) => {
      const podIndex = at % 1000;
      return pod(`node-${podIndex}`, [
        `10.${240 + (podIndex >> 8)}.${podIndex & 255}.${2 + Math.floor(at / 1000)}`,
      ]);
    });
    const before = process.cpuUsage().user;
    const made = report({ nodes, pods: manyPods, ranges: [pods('10.240.0.0/12')] });
    expect(process.cpuUsage().user - before).toBeLessThan(5_000_000);
    expect(made.nodes[999]?.ranges[0]?.used).toBe(30);
    expect(made.moreNodes).toBe(3096);
  });
});
