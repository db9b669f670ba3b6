import type { NewObject, Store } from '../store.ts';
import { type PolicyRule, TEST_USERS } from './testUsers.ts';
import { ALL_AUTHENTICATED } from './users.ts';

const API = { apiVersion: 'rbac.authorization.k8s.io/v1' } as const;
const READ = ['get', 'list', 'watch'] as const;
const WRITE = ['create', 'delete', 'deletecollection', 'patch', 'update'] as const;

/**
 * Roles that every cluster has, and the groups that they are bound to by default. Rule reviews show them in this order.
 */
const ROLES: readonly { name: string; rules: readonly PolicyRule[]; groups?: readonly string[] }[] =
  [
    {
      name: 'system:basic-user',
      groups: [ALL_AUTHENTICATED],
      rules: [
        {
          verbs: ['create'],
          apiGroups: ['authorization.k8s.io'],
          resources: ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'],
        },
        {
          verbs: ['create'],
          apiGroups: ['authentication.k8s.io'],
          resources: ['selfsubjectreviews'],
        },
      ],
    },
    {
      name: 'system:discovery',
      groups: [ALL_AUTHENTICATED],
      rules: [
        {
          verbs: ['get'],
          nonResourceURLs: [
            ...['/api', '/api/*', '/apis', '/apis/*', '/healthz', '/livez'],
            ...['/openapi', '/openapi/*', '/readyz', '/version', '/version/'],
          ],
        },
      ],
    },
    {
      name: 'system:service-account-issuer-discovery',
      groups: [ALL_AUTHENTICATED],
      rules: [{ verbs: ['get'], nonResourceURLs: ['/.well-known', '/.well-known/*'] }],
    },
    {
      name: 'system:public-info-viewer',
      groups: [ALL_AUTHENTICATED, 'system:unauthenticated'],
      rules: [
        {
          verbs: ['get'],
          nonResourceURLs: ['/healthz', '/livez', '/readyz', '/version', '/version/'],
        },
      ],
    },
    {
      name: 'cluster-admin',
      rules: [
        { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
        { verbs: ['*'], nonResourceURLs: ['*'] },
      ],
    },
    {
      name: 'view',
      rules: [
        {
          verbs: READ,
          apiGroups: [''],
          resources: [
            ...['configmaps', 'endpoints', 'events', 'limitranges', 'namespaces', 'pods'],
            ...['pods/log', 'pods/status', 'resourcequotas', 'serviceaccounts', 'services'],
          ],
        },
        { verbs: READ, apiGroups: ['apps', 'batch', 'discovery.k8s.io'], resources: ['*'] },
      ],
    },
    // As in real clusters, edit and admin do not include pods/ephemeralcontainers.
    ...['edit', 'admin'].map((name) => ({
      name,
      rules: [
        {
          verbs: [...READ, ...WRITE],
          apiGroups: [''],
          resources: [
            ...['configmaps', 'endpoints', 'events', 'pods', 'pods/attach', 'pods/exec'],
            ...['pods/portforward', 'secrets', 'serviceaccounts', 'services'],
          ],
        },
        {
          verbs: READ,
          apiGroups: [''],
          resources: ['limitranges', 'namespaces', 'pods/log', 'pods/status', 'resourcequotas'],
        },
        { verbs: ['create'], apiGroups: [''], resources: ['pods/eviction'] },
        { verbs: [...READ, ...WRITE], apiGroups: ['apps', 'batch'], resources: ['*'] },
        { verbs: READ, apiGroups: ['discovery.k8s.io'], resources: ['*'] },
        ...(name === 'admin'
          ? [
              {
                verbs: [...READ, ...WRITE],
                apiGroups: ['rbac.authorization.k8s.io'],
                resources: ['roles', 'rolebindings'],
              },
            ]
          : []),
      ],
    })),
  ];

const NAMESPACES = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];

/** Adds the objects of a new cluster to the store. Existing objects are not changed. */
export function bootstrap(store: Store): void {
  for (const name of NAMESPACES) {
    store.create('namespaces', {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name, labels: { 'kubernetes.io/metadata.name': name } },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    });
  }
  for (const { name, rules, groups } of ROLES) {
    addClusterRole(store, name, rules);
    if (groups) {
      bind(
        store,
        name,
        groups.map((group) => ({ kind: 'Group', name: group })),
      );
    }
  }
  bind(store, 'cluster-admin', [{ kind: 'Group', name: 'system:masters' }]);
  for (const { user, rules, role = `test:${user}`, namespace } of TEST_USERS) {
    if (rules) addClusterRole(store, role, rules);
    const to = [{ kind: 'User', name: user }];
    if (rules || role !== `test:${user}`) bind(store, role, to, `test:${user}`, namespace);
  }
}

function addClusterRole(store: Store, name: string, rules: readonly PolicyRule[]): void {
  const role: NewObject = { ...API, kind: 'ClusterRole', metadata: { name }, rules };
  store.create('clusterroles.rbac.authorization.k8s.io', role);
}

function bind(
  store: Store,
  role: string,
  subjects: { kind: string; name: string }[],
  name = role,
  namespace?: string,
): void {
  const isBound = namespace !== undefined;
  const resource = isBound ? 'rolebindings' : 'clusterrolebindings';
  store.create(`${resource}.rbac.authorization.k8s.io`, {
    ...API,
    kind: isBound ? 'RoleBinding' : 'ClusterRoleBinding',
    metadata: { name, ...(isBound && { namespace }) },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
    subjects: subjects.map((subject) => ({ apiGroup: 'rbac.authorization.k8s.io', ...subject })),
  });
}
