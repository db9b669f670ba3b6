import { describe, expect, it } from 'vitest';
import type { PlanRequest } from '../../../../src/topology/cidr/capacity.ts';
import { planCidr } from '../../../../src/topology/cidr/plan.ts';
import { mustParseRange, overlaps, parseRange } from '../../../../src/topology/cidr/range.ts';
import { renderPlan } from '../../../../src/topology/cidr/renderPlan.ts';

interface PlanInput extends Partial<Pick<PlanRequest, 'nodes' | 'podsPerNode'>> {
  readonly mask4?: number;
  readonly services?: string[];
  readonly avoid?: string[];
}

function plan(cluster: string, { mask4 = 24, services = [], avoid = [], ...rest }: PlanInput = {}) {
  return planCidr({
    cluster: cluster.split(',').map(mustParseRange),
    nodeMask: { 4: mask4, 6: 64 },
    services: services.map(mustParseRange),
    avoid: avoid.map(mustParseRange),
    podsPerNode: 110,
    ...rest,
  });
}
const kinds = (made: ReturnType<typeof plan>) => made.findings.map(({ kind }) => kind);
const whatOf = (made: ReturnType<typeof plan>, kind: string) =>
  made.findings
    .filter((finding) => finding.kind === kind)
    .map(({ what }) => what)
    .join('\n');

describe('cidr plan', () => {
  it('shows the aligned network, and the addresses that 110 pods never use', () => {
    const made = plan('10.244.0.0/12', { mask4: 16 });
    expect(made).toMatchObject({
      network: '10.240.0.0/12',
      nodes: 16,
      addressesPerNode: 65_534,
      podsPerNode: 110,
    });
    expect(whatOf(made, 'misaligned')).toContain('10.240.0.0/12');
    expect(whatOf(made, 'node-range-too-large')).toMatch(/\b65,534 .*\b65,533 .*\b110 pods\b/);
    expect(made.alternatives[0]).toEqual({
      clusterCidr: '10.240.0.0/12',
      nodeMask: 24,
      nodes: 4096,
      addressesPerNode: 254,
    });
  });

  it.each([
    ['10.244.0.0/16', {}, 256],
    ['10.244.0.0/16', { services: ['10.244.0.0/20'] }, 240],
    ['10.244.0.0/16', { services: ['10.244.255.0/25'] }, 255],
    ['10.244.0.0/16', { services: ['10.96.0.0/12'] }, 256],
    ['10.244.0.0/16', { services: ['10.240.0.0/12'] }, 0],
    ['10.244.0.0/24', {}, 1],
    ['10.244.0.0/25', {}, 0],
    ['fd00:10:244::/56', {}, 256],
    ['10.244.0.0/16,fd00:10:244::/60', {}, 16],
    ['10.244.0.0/20,fd00:10:244::/56', {}, 16],
  ])('%s %j is enough for %i nodes', (cluster, input, nodes) => {
    expect(plan(cluster, input).nodes).toBe(nodes);
  });

  it('shows the values of the smaller family first, and both families', () => {
    const made = plan('10.244.0.0/16,fd00:10:244::/60');
    expect(made).toMatchObject({
      network: 'fd00:10:244::/60',
      nodes: 16,
      addressesPerNode: '18446744073709551615',
    });
    expect(made.families.map(({ nodes }) => nodes)).toEqual([256, 16]);
    expect(renderPlan(made).join('')).toContain('2^64');
  });

  it('names the node that gets no range', () => {
    const made = plan('10.244.0.0/22', { nodes: 5 });
    expect(whatOf(made, 'too-few-nodes')).toContain('5 of 5');
    expect(kinds(plan('10.244.0.0/22', { nodes: 4 }))).not.toContain('too-few-nodes');
    for (const { nodes } of made.alternatives) expect(nodes).toBeGreaterThanOrEqual(5);
  });

  it.each([
    ['10.244.0.0/16', { avoid: ['10.244.8.0/24'] }, 'overlap', 'error'],
    ['10.244.0.0/24', { services: ['10.244.0.0/16'] }, 'overlap', 'error'],
    ['10.244.0.0/16', { services: ['10.244.0.0/20'] }, 'services-inside', 'warning'],
    ['172.16.0.0/12', {}, 'special-range', 'warning'],
    ['100.64.0.0/16', {}, 'special-range', 'warning'],
    ['169.254.0.0/16', {}, 'special-range', 'error'],
    ['8.8.0.0/16', {}, 'public-range', 'warning'],
    ['10.244.0.0/16', { mask4: 26 }, 'node-range-too-small', 'error'],
    ['10.244.0.0/26', {}, 'node-mask-too-short', 'error'],
    ['fd00::/40', {}, 'range-too-large', 'error'],
    ['10.244.0.0/16', { nodes: 200 }, 'first-limit', 'remark'],
    ['172.30.0.0/16', {}, 'aks', 'remark'],
    ['10.0.0.0/6', {}, 'ack', 'remark'],
  ])('%s %j: %s', (cluster, input, kind, severity) => {
    const matching = plan(cluster, input).findings.filter((finding) => finding.kind === kind);
    expect(matching.map((finding) => finding.severity)).toContain(severity);
  });

  it('shows which limit is reached first', () => {
    expect(whatOf(plan('10.244.0.0/16', { nodes: 200 }), 'first-limit')).toMatch(/\b200 of 256\b/);
    expect(whatOf(plan('10.244.0.0/16', { nodes: 20 }), 'first-limit')).toMatch(/\b110 of 253\b/);
  });

  it('limits ACK with Flannel to the routes of a VPC', () => {
    expect(whatOf(plan('10.244.0.0/16'), 'ack')).toContain('200 nodes');
    expect(whatOf(plan('10.244.0.0/20'), 'ack')).toContain('16 nodes');
  });

  it.each([
    ['10.244.0.0/16', { avoid: ['10.0.0.0/8'], nodes: 300 }],
    ['172.17.0.0/16', { services: ['10.96.0.0/12'] }],
    ['10.244.0.0/22', { nodes: 1000, avoid: ['10.244.0.0/15', '172.16.0.0/12'] }],
    ['fd00:10:244::/60', { nodes: 100 }],
  ])('suggests plans without errors for %s %j', (cluster, input: PlanInput) => {
    const made = plan(cluster, input);
    expect(made.alternatives.length).toBeGreaterThan(0);
    for (const { clusterCidr, nodeMask, nodes } of made.alternatives) {
      const replanned = plan(clusterCidr, { ...input, mask4: nodeMask });
      expect(replanned.findings.filter(({ severity }) => severity === 'error')).toEqual([]);
      expect(replanned.nodes).toBe(nodes);
    }
  });

  it('has only remarks for a usual plan', () => {
    const made = plan('10.244.0.0/16', { services: ['10.96.0.0/16'], nodes: 100 });
    expect(made.findings.filter(({ severity }) => severity !== 'remark')).toEqual([]);
  });
});

describe('a range', () => {
  it.each(['10.244.0.0', '10.244.0.0/33', '10.244/16', 'fd00::/129', 'x/8', '', '300.0.0.0/8'])(
    'is not %j',
    (text) => {
      expect(parseRange(text)).toBeUndefined();
    },
  );

  it('overlaps only with ranges of its family', () => {
    expect(overlaps(mustParseRange('10.0.0.0/8'), mustParseRange('10.255.255.255/32'))).toBe(true);
    expect(overlaps(mustParseRange('10.0.0.0/8'), mustParseRange('11.0.0.0/8'))).toBe(false);
    expect(overlaps(mustParseRange('0.0.0.0/0'), mustParseRange('::/0'))).toBe(false);
  });
});
