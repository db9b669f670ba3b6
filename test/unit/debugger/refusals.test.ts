import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { explainRefusal } from '../../../src/debugger/refusals.ts';
import { ApiError, isTransient } from '../../../src/kube/apiError.ts';
import { Problem } from '../../../src/problem.ts';
import { recording } from '../kube/recordings.ts';

interface Role {
  readonly kind: string;
  readonly metadata: { readonly namespace?: string };
  readonly rules: readonly {
    readonly apiGroups: readonly string[];
    readonly resources: readonly string[];
    readonly verbs: readonly string[];
  }[];
}

/** The Role to request after this message of the API server. */
function roleFor(message: string): Role {
  const problem = explainRefusal(new ApiError(403, 'Forbidden', message, { namespace: 'shop' }));
  expect(problem).toBeInstanceOf(Problem);
  return load((problem as Problem).next.slice(1).join('\n')) as Role;
}

function refusal(verb: string, resource: string, group: string, where = 'in the namespace "shop"') {
  return `${resource} is forbidden: User "ann" cannot ${verb} resource "${resource}" in API group "${group}" ${where}`;
}

describe('the Role to request', () => {
  const usual = roleFor(refusal('patch', 'pods/ephemeralcontainers', ''));

  it('is the usual one for the permissions that every user needs', () => {
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
  ])('also has the rule to %s %s of "%s"', (verb, resource, group) => {
    expect(roleFor(refusal(verb, resource, group))).toEqual({
      ...usual,
      rules: [...usual.rules, { apiGroups: [group], resources: [resource], verbs: [verb] }],
    });
  });

  it.each(['create', 'delete'])(
    'lets the user %s pods on nodes if that permission is missing',
    (verb) => {
      const { metadata, rules } = roleFor(refusal(verb, 'pods', ''));
      expect(metadata.namespace).toBe('shop');
      expect(rules.find(({ resources }) => resources.includes('pods'))?.verbs).toContain(verb);
    },
  );

  it('is a ClusterRole for all namespaces', () => {
    const { kind, metadata, rules } = roleFor(refusal('list', 'pods', '', 'at the cluster scope'));
    expect({ kind, metadata }).toEqual({ kind: 'ClusterRole', metadata: { name: 'netdebug' } });
    expect(rules).toEqual(usual.rules);
  });
});

describe('an admission policy', () => {
  const explained = (message: string, code = 422) =>
    explainRefusal(new ApiError(code, 'Unknown', message, { namespace: 'shop' })) as Problem;
  const kyverno =
    'admission webhook "validate.kyverno.svc-fail" denied the request: \n\nresource Pod/shop/web was blocked due to the following policies \n\npss:\n  baseline: \'Validation rule failed. It violates PodSecurity "baseline:latest": (hostPID)\'\n\n';

  it('is quoted with the name of its binding', () => {
    const { body } = recording<{ body: { message: string } }>('ephemeral-admission-policy-422');
    const { message, next } = explained(body.message);
    expect(message).toMatch(
      /"registries\.example\.com" with binding "registries\.example\.com".*: images must come from registry\.example\.com$/,
    );
    expect(next.join('\n')).toContain('--image');
  });

  it('is shown without blank lines, and without advice about Pod Security', () => {
    const { message, next } = explained(kyverno, 400);
    expect(message).toMatch(/validate\.kyverno\.svc-fail.*blocked due[\s\S]*\n {2}baseline: /);
    expect(message).not.toMatch(/\n\s*\n|\n$/);
    expect(next.join('\n')).not.toMatch(/pod-security\.kubernetes\.io|--image/);
  });

  it('is explained as Pod Security if it is Pod Security as a webhook', () => {
    const { next } = explained(
      'admission webhook "pod-security-webhook.kubernetes.io" denied the request: violates PodSecurity "restricted:latest": x',
      403,
    );
    expect(next.join('\n')).toContain('pod-security.kubernetes.io/enforce');
  });

  it('is named if it is a quota', () => {
    const { next } = explained(
      'pods "x" is forbidden: exceeded quota: small, requested: pods=1',
      403,
    );
    expect(next.join('\n')).toContain('"small"');
  });

  it('is permanent if it denies with 500, unlike an error of the server', () => {
    const denial = new ApiError(500, 'Unknown', 'admission webhook "a" denied the request: no');
    expect([denial, new ApiError(500, 'InternalError', 'no leader')].map(isTransient)).toEqual([
      false,
      true,
    ]);
  });
});
