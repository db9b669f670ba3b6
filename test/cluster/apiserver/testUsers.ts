/** A rule of a role. */
export interface PolicyRule {
  readonly verbs: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
}

/** A user of a kubeconfig file with limited permissions. */
export interface TestUser {
  readonly user: string;
  /** A role that is created for this user, or … */
  readonly rules?: readonly PolicyRule[];
  /** … one that every cluster has. */
  readonly role?: string;
  /** The namespace of the role. Cluster-wide if it is omitted. */
  readonly namespace?: string;
}

const READ = ['get', 'list', 'watch'] as const;

function core(verbs: readonly string[], ...resources: string[]): PolicyRule {
  return { verbs, apiGroups: [''], resources };
}

const workloads: PolicyRule = { verbs: READ, apiGroups: ['apps', 'batch'], resources: ['*'] };
const pods = core(READ, 'pods', 'services');
const inject = core(['patch'], 'pods/ephemeralcontainers');
const exec = core(['get', 'create'], 'pods/exec');
const hints = [core(['get'], 'pods/log', 'nodes'), core(READ, 'events')];

/** Permissions that users of real clusters may have or lack. */
export const TEST_USERS: readonly TestUser[] = [
  { user: 'nobody' },
  { user: 'viewer', rules: [core(READ, 'pods', 'namespaces', 'nodes', 'events')] },
  { user: 'no-exec', rules: [core(['*'], 'pods'), inject] },
  // Everything that debugging in the pod requires, and optional permissions.
  { user: 'debugger', rules: [pods, inject, exec, ...hints, workloads] },
  {
    user: 'debugger-default',
    rules: [pods, inject, exec, ...hints, workloads],
    namespace: 'default',
  },
  { user: 'bare-debugger', rules: [core(READ, 'pods'), inject, exec] },
  { user: 'no-patch', rules: [pods, exec, ...hints, workloads] },
  // Enough until Kubernetes 1.34. Newer versions also require create for an exec over GET.
  { user: 'exec-get', rules: [pods, inject, core(['get'], 'pods/exec'), ...hints] },
  {
    user: 'one-pod',
    rules: [
      { ...core(['get'], 'pods'), resourceNames: ['pod-1'] },
      { ...inject, resourceNames: ['pod-1'] },
      { ...exec, resourceNames: ['pod-1'] },
    ],
  },
  // May create pods on nodes, but may not add anything to existing pods.
  { user: 'node-debugger', rules: [pods, core(['create', 'delete'], 'pods'), exec, ...hints] },
  { user: 'editor', role: 'edit' },
  { user: 'namespace-admin', role: 'admin', namespace: 'default' },
  { user: 'impersonator', rules: [core(['impersonate'], 'users', 'groups', 'serviceaccounts')] },
];
