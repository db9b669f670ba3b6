import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, symlinkSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { startCluster } from './cluster.ts';
import { startDemo } from './demo.ts';
import { whyNoClusterHere } from './requirements.ts';

// scripts/demo: shows the main features on a new cluster. The argument is the kubectl to use. Each command is printed
// as a person would type it, and then run.

const kubectl = process.argv[2] ?? 'kubectl';
const program = join(import.meta.dirname, '..', '..', 'dist', 'kubectl-netdebug');

const obstacle = await whyNoClusterHere();
if (obstacle) {
  console.error(`The demo cannot run here: ${obstacle}.`);
  process.exit(1);
}

console.log('Starting two nodes with real containers …');
const started = Date.now();
const cluster = await startCluster();
let failed = false;
try {
  await startDemo(cluster);
  console.log(`… and two pods on them: ${((Date.now() - started) / 1000).toFixed(1)} s.`);

  const bin = join(cluster.folder, 'bin');
  mkdirSync(bin);
  symlinkSync(kubectl, join(bin, 'kubectl'));
  symlinkSync(program, join(bin, 'kubectl-netdebug'));
  const env = {
    ...process.env,
    PATH: `${bin}${delimiter}${process.env.PATH ?? ''}`,
    KUBECONFIG: cluster.kubeconfig,
  };
  const show = async (comment: string, ...command: [string, ...string[]]) => {
    const [name, ...args] = command;
    const typed = command.map((word) => (/^[\w./=:-]+$/.test(word) ? word : `'${word}'`)).join(' ');
    console.log(`\n# ${comment}\n$ ${typed}`);
    // The API server runs in this process, so nothing may block it.
    const [code] = await once(
      spawn(name, args, { stdio: 'inherit', env, cwd: cluster.folder }),
      'close',
    );
    failed ||= code !== 0;
  };

  await show(
    'The pods. client sends a request to pod-1 once a second.',
    'kubectl',
    'get',
    'pods',
    '-o',
    'wide',
  );
  await show(
    'What does pod-1 receive? The first command adds a debugger to the pod.',
    ...(['kubectl', 'netdebug', 'capture', 'pod-1', '-c', '6', '--', 'tcp port 80'] as const),
  );
  await show(
    'Write three seconds of it to a file …',
    ...([
      'kubectl',
      'netdebug',
      'capture',
      'pod-1',
      '-w',
      'pod-1.pcap',
      '--duration',
      '3s',
    ] as const),
  );
  await show('… that other programs can read.', 'tcpdump', '-n', '-r', 'pod-1.pcap', '-c', '4');
  await show(
    'Which ports are open, and which program listens there?',
    'kubectl',
    'netdebug',
    'ports',
    'pod-1',
    '-lp',
  );
  await show(
    'How many connections are in which state?',
    'kubectl',
    'netdebug',
    'ports',
    'pod-1',
    '--summary',
  );
} finally {
  await cluster.close();
}
console.log(
  '\nEverything has been removed. `npm run cluster` starts the same cluster for experiments.',
);
process.exitCode = failed ? 1 : 0;
