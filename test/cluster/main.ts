import { startCluster } from './cluster.ts';
import { startDemo } from './demo.ts';
import { whyNoClusterHere } from './requirements.ts';
import { createSamples } from './samples.ts';

// Starts a cluster for a person, with two pods to play with; with --json for a program: one line
// that says where it is, and its end with our standard input; --samples adds pods of every kind.
const forProgram = process.argv.includes('--json');

const obstacle = await whyNoClusterHere();
if (obstacle) giveUp(obstacle);

const ended = new Promise<void>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, resolve);
  if (forProgram) process.stdin.once('end', resolve).resume();
});
const cluster = await startCluster().catch((error: Error) => giveUp(error.message));
if (forProgram) {
  const { kubeconfig, kubeconfigs, staticPodFolders } = cluster;
  if (process.argv.includes('--samples')) await createSamples(cluster);
  console.log(JSON.stringify({ kubeconfig, kubeconfigs, staticPodFolders }));
} else {
  await startDemo(cluster);
  await createSamples(cluster);
  console.log(`Two nodes with real containers run on this machine. In another terminal:

  export KUBECONFIG=${cluster.kubeconfig}
  kubectl get pods -o wide
  kubectl netdebug capture pod-1
  kubectl netdebug ports pod-1

Pods of every kind are in the namespace "samples", users beside that kubeconfig file.
The pod "client" on node-b asks "pod-1" on node-a once a second. Ctrl-C ends it all.`);
}
await ended;
await cluster.close();
// Whatever may still be open is not to keep us here.
process.exit();

function giveUp(why: string): never {
  console.error(`A local cluster cannot run here: ${why}`);
  process.exit(1);
}
