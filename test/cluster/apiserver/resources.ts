import type { GroupResource } from './status.ts';

/** A subresource, and the kind of its object. */
export interface Subresource {
  readonly name: string;
  readonly verbs: readonly string[];
  /** If it differs from the kind of the resource. */
  readonly kind?: { readonly group: string; readonly version: string; readonly kind: string };
}

/** A kind of object that this server serves. */
export interface ResourceKind extends GroupResource {
  readonly version: string;
  readonly kind: string;
  readonly singular: string;
  readonly namespaced: boolean;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly verbs: readonly string[];
  readonly subresources: readonly Subresource[];
  /** Whether a change of the spec increases metadata.generation. */
  readonly hasGeneration: boolean;
}

const ALL_VERBS = [
  'create',
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'update',
  'watch',
] as const;

const STATUS: Subresource = { name: 'status', verbs: ['get', 'patch', 'update'] };

function stream(name: string, kind: string): Subresource {
  return { name, verbs: ['create', 'get'], kind: { group: '', version: 'v1', kind } };
}

function define(
  group: string,
  kind: string,
  resource: string,
  more: Partial<Omit<ResourceKind, 'group' | 'kind' | 'resource'>> = {},
): ResourceKind {
  return {
    group,
    version: 'v1',
    kind,
    resource,
    singular: kind.toLowerCase(),
    namespaced: true,
    shortNames: [],
    categories: [],
    verbs: ALL_VERBS,
    subresources: [],
    hasGeneration: false,
    ...more,
  };
}

const SCALE: Subresource = {
  name: 'scale',
  verbs: ['get', 'patch', 'update'],
  kind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
};
const APPS = { categories: ['all'], subresources: [STATUS], hasGeneration: true };
const SCALED = { ...APPS, subresources: [SCALE, STATUS] };
const RBAC = 'rbac.authorization.k8s.io';

/** An object that a client may only create: the server responds to it and stores nothing. */
function review(group: string, kind: string, namespaced = false): ResourceKind {
  return define(group, kind, `${kind.toLowerCase()}s`, { namespaced, verbs: ['create'] });
}

/** In the order in which the real server lists their groups. */
export const RESOURCES: readonly ResourceKind[] = [
  define('', 'ConfigMap', 'configmaps', { shortNames: ['cm'] }),
  define('', 'Endpoints', 'endpoints', { shortNames: ['ep'] }),
  define('', 'Event', 'events', { shortNames: ['ev'] }),
  define('', 'LimitRange', 'limitranges', { shortNames: ['limits'] }),
  define('', 'Namespace', 'namespaces', {
    namespaced: false,
    shortNames: ['ns'],
    verbs: ALL_VERBS.filter((verb) => verb !== 'deletecollection'),
    subresources: [{ name: 'finalize', verbs: ['update'] }, STATUS],
  }),
  define('', 'Node', 'nodes', { namespaced: false, shortNames: ['no'], subresources: [STATUS] }),
  define('', 'Pod', 'pods', {
    shortNames: ['po'],
    categories: ['all'],
    hasGeneration: true,
    subresources: [
      stream('attach', 'PodAttachOptions'),
      { name: 'ephemeralcontainers', verbs: ['get', 'patch', 'update'] },
      {
        name: 'eviction',
        verbs: ['create'],
        kind: { group: 'policy', version: 'v1', kind: 'Eviction' },
      },
      stream('exec', 'PodExecOptions'),
      { name: 'log', verbs: ['get'] },
      stream('portforward', 'PodPortForwardOptions'),
      STATUS,
    ],
  }),
  define('', 'ResourceQuota', 'resourcequotas', { shortNames: ['quota'], subresources: [STATUS] }),
  define('', 'Secret', 'secrets'),
  define('', 'ServiceAccount', 'serviceaccounts', {
    shortNames: ['sa'],
    subresources: [
      {
        name: 'token',
        verbs: ['create'],
        kind: { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' },
      },
    ],
  }),
  define('', 'Service', 'services', {
    shortNames: ['svc'],
    categories: ['all'],
    subresources: [STATUS],
  }),
  define('apps', 'DaemonSet', 'daemonsets', { ...APPS, shortNames: ['ds'] }),
  define('apps', 'Deployment', 'deployments', { ...SCALED, shortNames: ['deploy'] }),
  define('apps', 'ReplicaSet', 'replicasets', { ...SCALED, shortNames: ['rs'] }),
  define('apps', 'StatefulSet', 'statefulsets', { ...SCALED, shortNames: ['sts'] }),
  review('authentication.k8s.io', 'SelfSubjectReview'),
  review('authorization.k8s.io', 'SelfSubjectAccessReview'),
  review('authorization.k8s.io', 'SelfSubjectRulesReview'),
  define('batch', 'CronJob', 'cronjobs', { ...APPS, shortNames: ['cj'] }),
  define('batch', 'Job', 'jobs', APPS),
  define('networking.k8s.io', 'NetworkPolicy', 'networkpolicies', { shortNames: ['netpol'] }),
  define(RBAC, 'ClusterRoleBinding', 'clusterrolebindings', { namespaced: false }),
  define(RBAC, 'ClusterRole', 'clusterroles', { namespaced: false }),
  define(RBAC, 'RoleBinding', 'rolebindings'),
  define(RBAC, 'Role', 'roles'),
  define('coordination.k8s.io', 'Lease', 'leases'),
  define('discovery.k8s.io', 'EndpointSlice', 'endpointslices'),
];

export function findResource(
  group: string,
  version: string,
  resource: string,
): ResourceKind | undefined {
  return RESOURCES.find(
    (kind) => kind.group === group && kind.version === version && kind.resource === resource,
  );
}

export function groupVersion(kind: { readonly group: string; readonly version: string }): string {
  return kind.group ? `${kind.group}/${kind.version}` : kind.version;
}

/** URL of one object of the kind, with placeholders as OpenAPI writes them. */
export function resourcePath(kind: ResourceKind): string {
  const scope = kind.namespaced ? 'namespaces/{namespace}/' : '';
  return `/${kind.group ? 'apis' : 'api'}/${groupVersion(kind)}/${scope}${kind.resource}/{name}`;
}
