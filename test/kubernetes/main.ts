import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  CREDENTIALS,
  endBackground,
  findBackground,
  type Message,
  STATE_FOLDER,
  saveState,
  startInBackground,
} from './background.ts';
import { buildBinaries, findBinaries, whyNoBuild } from './binaries.ts';
import { startKubernetes } from './kubernetes.ts';
import type { Ready } from './kubernetesProcess.ts';
import { enterWords } from './node.ts';
import { whyNoKubernetesHere } from './requirements.ts';

// A real Kubernetes with two nodes on this machine; see scripts/kubernetes.
const USAGE = `Usage: scripts/kubernetes COMMAND [--proxy-mode iptables|nftables]

Commands:
  build    Build the binaries into the cache, unless they are there
  check    Say what a cluster here lacks; succeed when it can start without a build
  run      Run a cluster until Ctrl-C
  up       Start a cluster in the background
  down     End it; nothing is left
  status   Show its nodes and pods
  node NAME PROGRAM [ARGUMENT…]   Run a program of this machine on a node of it, as root`;

if (process.argv[2] === 'node') onNode(process.argv.slice(3));
const ADMIN = join(CREDENTIALS, 'admin.kubeconfig');
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    // For programs: prints a line of JSON when it is ready, and ends with standard input.
    json: { type: 'boolean', default: false },
    // Set by `up` for the process that it starts.
    background: { type: 'boolean', default: false },
    'proxy-mode': { type: 'string', default: 'iptables' },
  },
});
const proxyMode = values['proxy-mode'];
if (proxyMode !== 'iptables' && proxyMode !== 'nftables') giveUp(USAGE, 2);
const startTime = Date.now();
const commands: Record<string, () => Promise<void>> = { build, check, run, up, down, status };
const [command = '', ...rest] = positionals;
const chosen = commands[command];
if (!chosen || rest.length > 0) giveUp(USAGE, 2);
await chosen().catch((error: Error) => giveUp(error.message));
process.exit();

async function build(): Promise<void> {
  const binaries = await findBinaries();
  if (binaries.areBuilt) return tell(`already built: ${binaries.folder}`);
  const obstacle = await whyNoBuild();
  if (obstacle) giveUp(`Kubernetes cannot be built here: ${obstacle}`);
  await buildBinaries(binaries, tell);
  tell(`built: ${binaries.folder}`);
}

async function check(): Promise<void> {
  const binaries = await findBinaries();
  const obstacle = await whyNoKubernetesHere(binaries);
  if (obstacle) giveUp(obstacle);
  if (!binaries.areBuilt)
    giveUp('its binaries are not built; scripts/kubernetes build does that once');
}

async function run(): Promise<void> {
  const binaries = await findBinaries();
  const obstacle = await whyNoKubernetesHere(binaries);
  if (obstacle) giveUp(`A real Kubernetes cannot run here: ${obstacle}`);
  if (!binaries.areBuilt) await build();
  const ending = new AbortController();
  const { signal } = ending;
  const ended = new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => ending.abort());
  if (values.json) process.stdin.once('end', () => ending.abort()).resume();
  // Until it is ready, it ends with the `up` that started it.
  const onDisconnect = () => ending.abort();
  if (values.background) process.once('disconnect', onDisconnect);
  const cluster = await startKubernetes({
    ...{ binaries: binaries.folder, proxyMode: proxyMode as 'iptables' | 'nftables', signal },
    ...(values.background && { stateFolder: STATE_FOLDER }),
    onStep: tell,
  });
  const { kubeconfig, kubeconfigs } = cluster;
  const nodes = Object.fromEntries(cluster.nodes.map(({ name, init }) => [name, init]));
  if (values.json) {
    const staticPodFolders = Object.fromEntries(
      cluster.nodes.map(({ name, folder }) => [name, join(folder, 'manifests')]),
    );
    const ready: Ready = { kubeconfig, kubeconfigs, nodes, staticPodFolders };
    console.log(JSON.stringify(ready));
  } else if (values.background) {
    process.off('disconnect', onDisconnect);
    const state = { pid: process.pid, kubeconfig, nodes };
    await saveState(state);
    process.send?.({ state } satisfies Message);
  } else console.log(`\n${hint(kubeconfig)}\nCtrl-C ends it all.`);
  await ended;
  await cluster.close();
}

async function up(): Promise<void> {
  const running = findBackground();
  if (running) giveUp(`it is up already\n${hint(ADMIN)}`);
  await startInBackground(['--proxy-mode', String(proxyMode)], (step) => console.error(step));
  console.log(`\n${hint(ADMIN)}\nscripts/kubernetes down ends it all.`);
}

async function down(): Promise<void> {
  const running = findBackground();
  if (!running) return console.log('it is not up');
  await endBackground(running);
  console.log('it is down, and nothing of it is left');
}

async function status(): Promise<void> {
  const running = findBackground();
  if (!running) giveUp('it is not up');
  console.log(hint(ADMIN));
  const { folder } = await findBinaries();
  const words = ['--kubeconfig', running.kubeconfig, 'get', 'nodes,pods', '-A', '-o', 'wide'];
  execFileSync(join(folder, 'kubectl'), words, { stdio: ['ignore', 'inherit', 'inherit'] });
}

function onNode([name = '', ...command]: readonly string[]): never {
  const init = findBackground()?.nodes[name];
  if (init === undefined) giveUp(`no node ${name} is up`);
  const { status } = spawnSync('nsenter', [...enterWords(init), ...command], { stdio: 'inherit' });
  process.exit(status ?? 1);
}

function hint(kubeconfig: string): string {
  return `Two nodes run on this machine. Kubeconfig files of other users are beside this one:

  export KUBECONFIG=${kubeconfig}
`;
}

/** A line of the timeline, in seconds since the start. */
function tell(step: string): void {
  const line = `${((Date.now() - startTime) / 1000).toFixed(1).padStart(6)} s  ${step}`;
  if (values.background && process.connected) process.send?.({ step: line } satisfies Message);
  console.error(line);
}

function giveUp(why: string, code = 1): never {
  console.error(why);
  process.exit(code);
}
