import { afterAll, beforeAll, expect, test } from 'vitest';
import { objectAt, objectsAt, stringAt, valueAt } from './json.ts';
import { recording, renamed } from './recording.ts';
import { createRunningPod } from './testPods.ts';
import { startTestServer, type TestServer } from './testServer.ts';

const names = { a: 'web-7', rec: 'shop', 'nobody@example.com': 'nobody' };
const PODS = '/api/v1/namespaces/shop/pods';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
  await createRunningPod(server, { namespace: 'shop', name: 'web-7' });
});
afterAll(() => server.close());

test('a wrong token is refused as recorded', async () => {
  const answer = await server.call(PODS, { headers: { authorization: 'Bearer wrong' } });
  const recorded = recording('unauthorized-401');
  expect([answer.status, answer.body]).toEqual([recorded.status, recorded.body]);
});

test('a request without credentials is anonymous', async () => {
  const answer = await server.call('/api', { headers: { authorization: '' } });
  expect(answer.status).toBe(403);
  expect(objectAt(answer.body).message).toBe(
    'forbidden: User "system:anonymous" cannot get path "/api"',
  );
});

test('a refusal names the missing permission, as recorded', async () => {
  const answer = await server.call(`${PODS}/web-7`, { user: 'nobody' });
  const recorded = recording('rbac-pod-get-403');
  expect(answer.status).toBe(403);
  expect(answer.body).toEqual(renamed(recorded.body, names));
});

test('lists and the cluster scope have no name', async () => {
  const message = async (path: string) =>
    objectAt((await server.call(path, { user: 'nobody' })).body).message;
  expect(await message('/apis/apps/v1/namespaces/shop/deployments')).toBe(
    'deployments.apps is forbidden: User "nobody" cannot list resource "deployments" in API group "apps" in the namespace "shop"',
  );
  expect(await message('/api/v1/nodes')).toBe(
    'nodes is forbidden: User "nobody" cannot list resource "nodes" in API group "" at the cluster scope',
  );
});

test.each(['viewer', 'no-exec'])('%s may list pods', async (user) => {
  expect((await server.call(PODS, { user })).status).toBe(200);
});

test('a viewer may not patch', async () => {
  const answer = await server.call(`${PODS}/web-7`, { method: 'PATCH', body: {}, user: 'viewer' });
  expect(answer.status).toBe(403);
});

test.each([
  ['ssar-allowed', 'admin-token'],
  ['ssar-denied', 'nobody'],
])('%s', async (name, user) => {
  const recorded = recording(name);
  const { spec } = objectAt(recorded.body);
  const answer = await server.call('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
    method: 'POST',
    user,
    body: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: renamed(spec, names),
    },
  });
  expect(answer.status).toBe(201);
  expect(answer.body).toEqual(renamed({ ...objectAt(recorded.body), metadata: {} }, names));
});

test('the rules of a cluster administrator are as recorded', async () => {
  const answer = await server.call('/apis/authorization.k8s.io/v1/selfsubjectrulesreviews', {
    method: 'POST',
    body: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectRulesReview',
      spec: { namespace: 'shop' },
    },
  });
  const rules = (body: unknown) => {
    const status = objectAt(objectAt(body).status);
    const all = [...objectsAt(status.resourceRules), ...objectsAt(status.nonResourceRules)];
    return new Set(all.map((rule) => JSON.stringify(rule)));
  };
  expect(rules(answer.body)).toEqual(rules(recording('ssrr').body));
});

test('impersonation requires a permission', async () => {
  const as = { 'impersonate-user': 'viewer' };
  expect((await server.call(PODS, { headers: as })).status).toBe(200);
  const patch = await server.call(`${PODS}/web-7`, { method: 'PATCH', body: {}, headers: as });
  expect(objectAt(patch.body).message).toContain('User "viewer" cannot patch');
  const refused = await server.call(PODS, { user: 'nobody', headers: as });
  expect(objectAt(refused.body).message).toBe(
    'users "viewer" is forbidden: User "nobody" cannot impersonate resource "users" in API group "" at the cluster scope',
  );
});

test.each([
  [
    { 'impersonate-group': 'admins' },
    'groups "admins" is forbidden: User "nobody" cannot impersonate resource "groups" in API group "" at the cluster scope',
  ],
  [
    { 'impersonate-uid': 'u-1' },
    'uids.authentication.k8s.io "u-1" is forbidden: User "nobody" cannot impersonate resource "uids" in API group "authentication.k8s.io" at the cluster scope',
  ],
  [
    { 'impersonate-extra-acme.com%2fproject': 'x' },
    'userextras.authentication.k8s.io "x" is forbidden: User "nobody" cannot impersonate resource "userextras/acme.com/project" in API group "authentication.k8s.io" at the cluster scope',
  ],
])('impersonation with %o requires a separate permission', async (more, message) => {
  server.store.create('clusterroles.rbac.authorization.k8s.io', {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: 'acts' },
    rules: [{ verbs: ['impersonate'], apiGroups: [''], resources: ['users'] }],
  });
  server.store.create('clusterrolebindings.rbac.authorization.k8s.io', {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: 'acts' },
    roleRef: { kind: 'ClusterRole', name: 'acts' },
    subjects: [{ kind: 'User', name: 'nobody' }],
  });
  const headers = { 'impersonate-user': 'viewer', ...more };
  const answer = await server.call(PODS, { user: 'nobody', headers });
  expect([answer.status, objectAt(answer.body).message]).toEqual([403, message]);
});

test('only the impersonated user counts: name, groups, uid, extra', async () => {
  const answer = await server.call('/apis/authentication.k8s.io/v1/selfsubjectreviews', {
    method: 'POST',
    body: { kind: 'SelfSubjectReview', apiVersion: 'authentication.k8s.io/v1' },
    headers: {
      'impersonate-user': 'ann',
      'impersonate-group': 'ops',
      'impersonate-uid': 'u-1',
      'impersonate-extra-scopes': 'a',
    },
  });
  expect(valueAt(answer.body, ['status', 'userInfo'])).toEqual({
    username: 'ann',
    uid: 'u-1',
    groups: ['ops', 'system:authenticated'],
    extra: { scopes: ['a'] },
  });
});

test('a role without verbs is rejected', async () => {
  const answer = await server.call('/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles', {
    method: 'POST',
    body: { metadata: { name: 'empty' }, rules: [{ apiGroups: [''], resources: ['pods'] }] },
  });
  expect([answer.status, objectAt(answer.body).message]).toEqual([
    422,
    'Role.rbac.authorization.k8s.io "empty" is invalid: rules[0].verbs: Required value: verbs must contain at least one value',
  ]);
});

test('an access review names the binding', async () => {
  const answer = await server.call('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
    method: 'POST',
    user: 'viewer',
    body: { spec: { resourceAttributes: { namespace: 'shop', verb: 'list', resource: 'pods' } } },
  });
  expect(objectAt(answer.body).status).toEqual({
    allowed: true,
    reason:
      'RBAC: allowed by ClusterRoleBinding "test:viewer" of ClusterRole "test:viewer" to User "viewer"',
  });
});

test('a token of a service account has exactly the permissions of its bindings', async () => {
  const created = await server.call('/api/v1/namespaces/shop/serviceaccounts/default/token', {
    method: 'POST',
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} },
  });
  const token = stringAt(objectAt(objectAt(created.body).status).token);
  const headers = { authorization: `Bearer ${token}` };
  expect((await server.call(PODS, { headers })).status).toBe(403);
  const rbac = '/apis/rbac.authorization.k8s.io/v1/namespaces/shop';
  await server.call(`${rbac}/rolebindings`, {
    method: 'POST',
    body: {
      metadata: { name: 'reads' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
      subjects: [{ kind: 'ServiceAccount', name: 'default', namespace: 'shop' }],
    },
  });
  expect((await server.call(PODS, { headers })).status).toBe(200);
  expect((await server.call('/api/v1/pods', { headers })).status).toBe(403);
});
