import { spawnSync } from 'node:child_process';

// Removes all objects with a label from a cluster, once its standard input ends: also when the suite was
// interrupted or killed. Arguments: kubectl, kubeconfig, label as NAME=VALUE.

const [kubectl = '', kubeconfig = '', label = ''] = process.argv.slice(2);
/** Cluster-wide kinds first: nothing of the suite must get in the way of others. */
const KINDS = [
  'validatingadmissionpolicybindings,validatingadmissionpolicies',
  'validatingwebhookconfigurations',
  'clusterrolebindings,clusterroles',
  'namespaces',
];
/** RoleBindings of users who may do something in a namespace that is not the suite's. */
const NAMESPACED = ['-n', 'default', 'rolebindings'];

process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
for await (const _ of process.stdin);
for (const words of [...KINDS.map((kinds) => [kinds]), NAMESPACED])
  spawnSync(
    kubectl,
    ['--kubeconfig', kubeconfig, 'delete', ...words, '-l', label, '--wait=false'],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
