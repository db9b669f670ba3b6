import { parseArgs } from 'node:util';
import { startCluster } from './cluster.ts';
import { startDemo } from './demo.ts';
import { whyNoClusterHere } from './requirements.ts';
import { tellRunning } from './runningCluster.ts';
import { createSamples } from './samples.ts';

const USAGE = `Usage: npm run cluster [-- --dual-stack] [-- --json] [-- --samples]

Starts two nodes with real containers on this machine, with pods for experiments, until Ctrl-C.

  --dual-stack   give nodes and pods IPv6 addresses too
  --json         for a program: print a line of JSON when it is ready, and end with standard input
  --samples      with --json: also create pods of every kind`;

const { json: forProgram, samples, 'dual-stack': dualStack } = optionsFrom(process.argv.slice(2));

const obstacle = await whyNoClusterHere();
if (obstacle) giveUp(obstacle);

const ended = new Promise<void>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, resolve);
  if (forProgram) process.stdin.once('end', resolve).resume();
});
const cluster = await startCluster({ dualStack }).catch((error: Error) => giveUp(error.message));
if (forProgram) {
  const { kubeconfig, kubeconfigs, staticPodFolders } = cluster;
  if (samples) await createSamples(cluster);
  console.log(JSON.stringify({ kubeconfig, kubeconfigs, staticPodFolders }));
} else {
  await startDemo(cluster);
  await createSamples(cluster);
  tellRunning(cluster.folder, cluster);
  console.log(`Two nodes with real containers run on this machine. In another terminal:

  export KUBECONFIG=${cluster.kubeconfig}
  kubectl get pods -o wide
  dist/kubectl-netdebug capture pod-1
  dist/kubectl-netdebug ports pod-1

The pod "client" on node-b sends a request to "pod-1" on node-a once a second.
Pods of every kind are in the namespace "samples". The kubeconfig files of other
users are in the same folder.
End-to-end tests also use this cluster: npm run e2e -- capture -t ring
Press Ctrl-C to remove the cluster.`);
}
await ended;
await cluster.close();
// Exit even if handles are still open.
process.exit();

function giveUp(why: string): never {
  console.error(`A local cluster cannot run here: ${why}`);
  process.exit(1);
}

function optionsFrom(args: string[]) {
  const flag = { type: 'boolean', default: false } as const;
  try {
    const { values } = parseArgs({
      args,
      options: { json: flag, samples: flag, 'dual-stack': flag, help: { ...flag, short: 'h' } },
    });
    if (!values.help) return values;
    console.log(USAGE);
    process.exit(0);
  } catch (error) {
    console.error(`${(error as Error).message}\n${USAGE}`);
    process.exit(2);
  }
}
