import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { explainRefusal } from '../../../src/debugger/refusals.ts';
import { ApiError } from '../../../src/kube/apiError.ts';
import { Problem } from '../../../src/problem.ts';

interface Role {
  readonly kind: string;
  readonly metadata: { readonly namespace?: string };
  readonly rules: readonly {
    readonly apiGroups: readonly string[];
    readonly resources: readonly string[];
    readonly verbs: readonly string[];
  }[];
}

/** The Role that is to be asked for when the API server says this. */
function roleFor(message: string): Role {
  const problem = explainRefusal(new ApiError(403, 'Forbidden', message), 'shop');
  expect(problem).toBeInstanceOf(Problem);
  return load((problem as Problem).next.slice(1).join('\n')) as Role;
}

function refusal(verb: string, resource: string, group: string, where = 'in the namespace "shop"') {
  return `${resource} is forbidden: User "ann" cannot ${verb} resource "${resource}" in API group "${group}" ${where}`;
}

describe('the Role to ask for', () => {
  const usual = roleFor(refusal('patch', 'pods/ephemeralcontainers', ''));

  it('is the usual one for what everybody needs', () => {
    expect(usual).toMatchObject({ kind: 'Role', metadata: { namespace: 'shop' } });
    expect(usual.rules).toHaveLength(4);
    expect(roleFor(refusal('list', 'pods', ''))).toEqual(usual);
    expect(roleFor(refusal('create', 'pods/exec', ''))).toEqual(usual);
  });

  it.each([
    ['get', 'deployments', 'apps'],
    ['get', 'cronjobs', 'batch'],
    ['get', 'services', ''],
    ['list', 'endpointslices', 'discovery.k8s.io'],
  ])('has the rule to %s %s of "%s" too', (verb, resource, group) => {
    expect(roleFor(refusal(verb, resource, group))).toEqual({
      ...usual,
      rules: [...usual.rules, { apiGroups: [group], resources: [resource], verbs: [verb] }],
    });
  });

  it.each(['create', 'delete'])('lets whoever may not %s pods on nodes do so', (verb) => {
    const { metadata, rules } = roleFor(refusal(verb, 'pods', ''));
    expect(metadata.namespace).toBe('shop');
    expect(rules.find(({ resources }) => resources.includes('pods'))?.verbs).toContain(verb);
  });

  it('is a ClusterRole for all namespaces', () => {
    const { kind, metadata, rules } = roleFor(refusal('list', 'pods', '', 'at the cluster scope'));
    expect({ kind, metadata }).toEqual({ kind: 'ClusterRole', metadata: { name: 'netdebug' } });
    expect(rules).toEqual(usual.rules);
  });
});
