import { TEST_USERS, type TestUser } from '../cluster/apiserver/testUsers.ts';
import type { ApiClient } from './apiClient.ts';

const GROUP = 'rbac.authorization.k8s.io';

/** An object of the RBAC API. */
export interface RbacObject {
  readonly apiVersion: string;
  readonly kind: 'ClusterRole' | 'ClusterRoleBinding' | 'RoleBinding';
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

/** Roles of the test users and their bindings. All their names start with `prefix`. */
export function userObjects(prefix: string, labels: Record<string, string> = {}): RbacObject[] {
  return TEST_USERS.flatMap((user) => objectsOf(user, prefix, labels));
}

/** Creates the roles of the test users, as in the local cluster. */
export async function createUsers(api: ApiClient): Promise<void> {
  await Promise.all(userObjects('test:').map((object) => api.call('POST', pathOf(object), object)));
}

function objectsOf(
  { user, rules, role, namespace }: TestUser,
  prefix: string,
  labels: Record<string, string>,
): RbacObject[] {
  const name = `${prefix}${user}`;
  const common = { apiVersion: `${GROUP}/v1` };
  const made: RbacObject[] = rules
    ? [{ ...common, kind: 'ClusterRole', metadata: { name, labels }, rules }]
    : [];
  if (!rules && role === undefined) return [];
  return [
    ...made,
    {
      ...common,
      kind: namespace === undefined ? 'ClusterRoleBinding' : 'RoleBinding',
      metadata: { name, labels, ...(namespace !== undefined && { namespace }) },
      roleRef: { apiGroup: GROUP, kind: 'ClusterRole', name: role ?? name },
      subjects: [{ apiGroup: GROUP, kind: 'User', name: user }],
    },
  ];
}

function pathOf({ kind, metadata: { namespace } }: RbacObject): string {
  const scope = namespace === undefined ? '' : `/namespaces/${namespace}`;
  return `/apis/${GROUP}/v1${scope}/${kind.toLowerCase()}s`;
}
