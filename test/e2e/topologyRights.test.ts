import { beforeAll, describe, expect, it } from 'vitest';
import { adminCall } from './support/adminApi.ts';
import { failure } from './support/failure.ts';
import { namespaceFor, userWith } from './support/namespaces.ts';
import { runPod } from './support/pods.ts';
import { netdebug, world } from './support/world.ts';

const image = world.flavours[0]?.image ?? '';
const RBAC = '/apis/rbac.authorization.k8s.io/v1';

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

const rule = (apiGroup: string, resource: string, ...verbs: string[]): Rule => ({
  apiGroups: [apiGroup],
  resources: [resource],
  verbs,
});

/** The permissions in docs/permissions.md: cluster-wide lists, and what a pod on a node requires. */
const LISTS = [
  rule('', 'nodes', 'list'),
  rule('', 'pods', 'list'),
  rule('', 'services', 'list'),
  rule('discovery.k8s.io', 'endpointslices', 'list'),
  rule('networking.k8s.io', 'networkpolicies', 'list'),
];
const IN_NODE_NAMESPACE = [
  ...['get', 'list', 'watch', 'create', 'delete'].map((verb) => rule('', 'pods', verb)),
  rule('', 'pods/exec', 'get', 'create'),
  rule('', 'events', 'list', 'watch'),
];

/** What is reported as unknown without the permission to list a resource. */
const UNKNOWN: Readonly<Record<string, RegExp>> = {
  nodes: /^nodes$/,
  pods: /^pods of other namespaces$/,
  services: /^services$/,
  endpointslices: /^endpoint slices$/,
  networkpolicies: /^network policies$/,
};

/** Flags for a user with these rules in the whole cluster, and with those in one namespace. */
async function userWithLists(lists: readonly Rule[], rules: Record<string, readonly object[]>) {
  const as = await userWith(rules);
  const name = as[1] ?? '';
  const metadata = { name, labels: world.label };
  await adminCall('POST', `${RBAC}/clusterroles`, { metadata, rules: lists });
  await adminCall('POST', `${RBAC}/clusterrolebindings`, {
    metadata,
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name }],
  });
  return as;
}

interface Document {
  readonly findings: readonly unknown[];
  readonly directions: readonly { readonly end: string }[];
  readonly facts: {
    readonly unknown: readonly { readonly what: string; readonly needs?: string }[];
  };
}

describe('the permissions of path', () => {
  let pods: readonly string[] = [];
  let nodeNamespace = '';

  beforeAll(async () => {
    const [first, second] = [await runPod('rights'), await runPod('rights')];
    pods = [first.name, second.name];
    nodeNamespace = await namespaceFor('rights');
  });

  const path = (as: readonly string[], ...more: readonly string[]) =>
    failure([
      ...['path', ...pods, ...as, '--image', image, '--node-namespace', nodeNamespace],
      ...more,
    ]);
  const inTarget = { [world.namespace]: [rule('', 'pods', 'get', 'list')] };

  it('are those in the docs, and nothing is unknown with them', async () => {
    const as = await userWithLists(LISTS, { ...inTarget, [nodeNamespace]: IN_NODE_NAMESPACE });
    const { code, stdout, stderr } = await path(as, '-o', 'json');
    expect(code, stderr).toBe(0);
    const { findings, directions, facts }: Document = JSON.parse(stdout);
    expect(facts.unknown).toEqual([]);
    expect(findings).toEqual([]);
    expect(directions.map(({ end }) => end)).toEqual(['delivered', 'delivered']);
    const doctor = await netdebug(['doctor', ...as, '-o', 'json', '--image', image]).finished;
    const { checks } = JSON.parse(doctor.stdout);
    expect(checks).toContainEqual(expect.objectContaining({ check: 'topology', level: 'ok' }));
  });

  it.for(LISTS)('without permission to list $resources: the rest is shown', async (lacking) => {
    const lists = LISTS.filter((list) => list !== lacking);
    const as = await userWithLists(lists, { ...inTarget, [nodeNamespace]: IN_NODE_NAMESPACE });
    const { code, stdout, stderr } = await path(as, '-o', 'json');
    expect(code, stderr).toBe(0);
    const { directions, facts }: Document = JSON.parse(stdout);
    const [resource = ''] = lacking.resources;
    expect(facts.unknown.map(({ what }) => what)).toEqual([
      expect.stringMatching(UNKNOWN[resource] ?? /^$/),
    ]);
    expect(facts.unknown[0]?.needs).toMatch(/\blist\b/);
    expect(directions.map(({ end }) => end)).toEqual(['delivered', 'delivered']);
    const doctor = await netdebug(['doctor', ...as, '-o', 'json', '--image', image]).finished;
    expect(JSON.parse(doctor.stdout).checks).toContainEqual(
      expect.objectContaining({
        check: 'topology',
        level: 'warning',
        text: expect.stringContaining(`list ${resource} `),
      }),
    );
  });

  it.for([
    ['pods', 'create'],
    ['pods', 'delete'],
    ['pods/exec', 'create'],
  ])('without permission to %s %s on nodes: an error that names it', async ([resource, verb]) => {
    const rules = IN_NODE_NAMESPACE.flatMap((right) => {
      if (right.resources[0] !== resource) return [right];
      const verbs = right.verbs.filter((own) => own !== verb);
      return verbs.length > 0 ? [{ ...right, verbs }] : [];
    });
    const as = await userWithLists(LISTS, { ...inTarget, [nodeNamespace]: rules });
    const { code, stdout, stderr, kinds } = await path(as);
    expect(code).toBe(1);
    expect(stdout).toBe('');
    expect(kinds).toEqual(['forbidden']);
    expect(stderr).toMatch(new RegExp(`${verb}.*${resource}|${resource}.*${verb}`));
  });
});
