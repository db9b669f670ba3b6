import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dump } from 'js-yaml';
import { readContext } from '../../faults/upstream.ts';

const NAME = 'suite';
const TOKEN_DURATION = '12h';

/**
 * A kubeconfig with a token or a certificate, for the suite's own requests and the fault proxy. For users of credential
 * plugins, which only clients can run, it is the kubeconfig of a service account with all permissions in `namespace`.
 */
export async function ownKubeconfig(plan: {
  readonly kubeconfig: string;
  readonly namespace: string;
  readonly label: Readonly<Record<string, string>>;
  readonly folder: string;
  /** Runs kubectl. Returns its output. */
  readonly admin: (args: readonly string[], object?: object) => Promise<string>;
}): Promise<string> {
  const { kubeconfig, namespace, label, folder, admin } = plan;
  const { cluster, user } = readContext(kubeconfig);
  if (!user.exec) return kubeconfig;
  const account = { kind: 'ServiceAccount', name: NAME, namespace };
  const group = 'rbac.authorization.k8s.io';
  await admin(['create', 'serviceaccount', NAME, '-n', namespace]);
  await admin(['create', '-f', '-'], {
    apiVersion: `${group}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name: namespace, labels: label },
    roleRef: { apiGroup: group, kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [account],
  });
  const duration = `--duration=${TOKEN_DURATION}`;
  const token = await admin(['create', 'token', NAME, '-n', namespace, duration]);
  const path = join(folder, 'suite.kubeconfig');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: NAME, cluster }],
    users: [{ name: NAME, user: { token: token.trim() } }],
    contexts: [{ name: NAME, context: { cluster: NAME, user: NAME } }],
    'current-context': NAME,
  };
  writeFileSync(path, dump(config), { mode: 0o600 });
  return path;
}
