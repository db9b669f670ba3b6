import { TEST_USERS } from '../cluster/apiserver/testUsers.ts';
import type { ApiClient } from './apiClient.ts';

const GROUP = 'rbac.authorization.k8s.io';

/** Gives the users of the kubeconfig files their roles, as in the local cluster. */
export async function createUsers(api: ApiClient): Promise<void> {
  await Promise.all(TEST_USERS.map((one) => createUser(api, one)));
}

async function createUser(
  api: ApiClient,
  { user, rules, role = `test:${user}`, namespace }: (typeof TEST_USERS)[number],
): Promise<void> {
  const root = `/apis/${GROUP}/v1`;
  const hasRole = rules !== undefined || role !== `test:${user}`;
  if (rules) await api.call('POST', `${root}/clusterroles`, { metadata: { name: role }, rules });
  if (!hasRole) return;
  const bindings =
    namespace === undefined
      ? `${root}/clusterrolebindings`
      : `${root}/namespaces/${namespace}/rolebindings`;
  await api.call('POST', bindings, {
    metadata: { name: `test:${user}` },
    roleRef: { apiGroup: GROUP, kind: 'ClusterRole', name: role },
    subjects: [{ apiGroup: GROUP, kind: 'User', name: user }],
  });
}
