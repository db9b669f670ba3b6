// Creates docs/terminal.svg, the picture in the README, from a real run on a cluster on this machine:
// node_modules/.bin/node scripts/terminal-picture.ts [KUBECTL], after npm run build.
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { startCluster } from '../test/cluster/cluster.ts';
import { startDemo } from '../test/cluster/demo.ts';
import { whyNoClusterHere } from '../test/cluster/requirements.ts';
import { terminalSvg } from './picture/svg.ts';
import { openTerminal } from './picture/terminal.ts';

const root = join(import.meta.dirname, '..');
const COLUMNS = 80;
const COMMANDS = [
  'kubectl netdebug capture pod-1 -c 4 -- tcp port 80',
  'kubectl netdebug capture pod-1 client -w both.pcapng --duration 3s',
  'kubectl netdebug ports client',
];

const obstacle = await whyNoClusterHere();
if (obstacle) {
  console.error(`The picture cannot be made here: ${obstacle}.`);
  process.exit(1);
}
const cluster = await startCluster();
try {
  await startDemo(cluster);
  const bin = join(cluster.folder, 'bin');
  mkdirSync(bin);
  if (process.argv[2]) symlinkSync(process.argv[2], join(bin, 'kubectl'));
  symlinkSync(join(root, 'dist', 'kubectl-netdebug'), join(bin, 'kubectl-netdebug'));
  const terminal = await openTerminal({ columns: COLUMNS, rows: 100 }, cluster.folder, {
    PATH: `${bin}${delimiter}${process.env.PATH}`,
    HOME: cluster.folder,
    KUBECONFIG: cluster.kubeconfig,
    LC_ALL: 'C.UTF-8',
    TERM: 'xterm-256color',
  });
  try {
    await terminal.type(`cd ${cluster.folder}; clear`);
    for (const command of COMMANDS) await terminal.type(command);
    // The prompt starts with an empty line.
    const screen = (await terminal.screen()).replace(/^\n+/, '');
    writeFileSync(
      join(root, 'docs', 'terminal.svg'),
      terminalSvg('kubectl netdebug', COLUMNS, screen),
    );
  } finally {
    await terminal.close();
  }
} finally {
  await cluster.close();
}
