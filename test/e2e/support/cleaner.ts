import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';

// When its standard input ends, removes the suite's folder, and all objects with a label from a cluster that remains.
// This also happens if the suite was interrupted or killed. Arguments: folder; kubectl, kubeconfig, label as
// NAME=VALUE.

const [folder = '', kubectl, kubeconfig = '', label = ''] = process.argv.slice(2);
/** Cluster-wide kinds come first, because they could affect others. */
const KINDS = [
  'validatingadmissionpolicybindings,validatingadmissionpolicies',
  'validatingwebhookconfigurations',
  'clusterrolebindings,clusterroles',
  'namespaces',
];
/** RoleBindings of users who may do something in other namespaces than the suite's. */
const NAMESPACED = ['-n', 'default', 'rolebindings'];
/** Tests of a killed suite may still create objects for a moment. */
const PASSES = 4;
const BETWEEN_PASSES_MS = 3_000;

process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
process.on('SIGHUP', () => {});
const isOrderly = (await text(process.stdin)) === 'done';
if (kubectl) {
  deleteObjects(kubectl);
  for (let pass = 1; pass < PASSES && !isOrderly; pass += 1) {
    await wait(BETWEEN_PASSES_MS);
    deleteObjects(kubectl);
  }
}
rmSync(folder, { recursive: true, force: true });

function deleteObjects(kubectl: string): void {
  for (const words of [...KINDS.map((kinds) => [kinds]), NAMESPACED]) {
    const args = ['--kubeconfig', kubeconfig, 'delete', ...words, '-l', label, '--wait=false'];
    const { status, stderr } = spawnSync(kubectl, args, { encoding: 'utf8' });
    // Some clusters do not have every kind.
    if (status !== 0 && !stderr.includes("doesn't have a resource type")) console.error(stderr);
  }
}
