import { writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { failure } from './support/failure.ts';
import { needs } from './support/skips.ts';
import { freshPath, kubectl, netdebug, world } from './support/world.ts';

interface Report {
  readonly ranges: readonly { use: string; network: string; exact: boolean }[];
  readonly nodes: readonly {
    name: string;
    ranges: readonly { network: string; used: number }[];
    pods: number;
    podLimit: number;
  }[];
}

it('counts the addresses that nodes use, creates nothing, and reads the result from a file', async () => {
  const services = () => kubectl(['get', 'services', '-A', '-o', 'name']);
  const before = await services();
  const { stdout } = await netdebug(['cidr', '-o', 'json']).finished;
  const report: Report = JSON.parse(stdout);
  expect(await services()).toBe(before);
  const nodes = JSON.parse(await kubectl(['get', 'nodes', '-o', 'json'])).items as {
    metadata: { name: string };
    spec: { podCIDRs?: string[] };
    // Nodes that no kubelet registered have no status.
    status: { allocatable?: { pods: string } };
  }[];
  for (const { metadata, spec, status } of nodes) {
    const row = report.nodes.find(({ name }) => name === metadata.name);
    expect(row?.ranges.map(({ network }) => network)).toEqual(spec.podCIDRs ?? []);
    const limit = status.allocatable?.pods;
    expect(row?.podLimit).toBe(limit === undefined ? undefined : Number(limit));
  }
  expect(report.ranges.map(({ use }) => use)).toContain('nodes');
  const file = freshPath('cidr.json');
  writeFileSync(file, stdout);
  const again = await netdebug(['cidr', '-o', 'json', '--from', file]).finished;
  expect(JSON.parse(again.stdout)).toEqual(JSON.parse(stdout));
});

it('finds the ranges of a real cluster', async (context) => {
  needs(context, 'a range of services');
  const { stdout } = await netdebug(['cidr', '-o', 'json']).finished;
  const { ranges }: Report = JSON.parse(stdout);
  expect(ranges).toContainEqual(expect.objectContaining({ use: 'services', exact: true }));
});

it('shows what the user is permitted to read', async () => {
  const viewer = await failure(['cidr'], { env: { KUBECONFIG: world.users.viewer ?? '' } });
  expect(viewer.notices).toContain('incomplete');
  expect(viewer.stderr).toContain('services');
  const json = await failure(['cidr', '-o', 'json'], {
    env: { KUBECONFIG: world.users.viewer ?? '' },
  });
  const { ranges }: Report = JSON.parse(json.stdout);
  // They are only known in part: "at least".
  expect(ranges.filter(({ exact }) => !exact)).not.toEqual([]);
  const nobody = await failure(['cidr'], { env: { KUBECONFIG: world.users.nobody ?? '' } });
  expect(nobody.code).toBe(1);
  expect(nobody.kinds).toEqual(['no-facts']);
});
