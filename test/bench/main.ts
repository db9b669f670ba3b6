import { parseArgs } from 'node:util';
import { startBenchCluster } from './benchCluster.ts';
import { findClients, nameClients, run } from './clients.ts';
import { benchCold } from './cold.ts';
import { benchCompletion } from './completion.ts';
import { benchExtcap } from './extcap.ts';
import { benchFetch, benchSlowFetch } from './fetch.ts';
import { benchGrowth } from './growth.ts';
import { benchLoss } from './loss.ts';
import { benchMany } from './many.ts';
import { benchMerge } from './merge.ts';
import { benchOneNode } from './oneNode.ts';
import { runPod } from './pods.ts';
import { benchPorts } from './ports.ts';
import { benchRead } from './read.ts';
import { keepIn } from './results.ts';
import { benchStart } from './start.ts';
import { benchSummary } from './summary.ts';
import { benchThroughput } from './throughput.ts';
import { benchTopology, benchTopologyDumps } from './topology.ts';
import { benchWarm } from './warm.ts';

// Compares the built program with kubectl, on the local cluster or a real Kubernetes, and merging with mergecap: npm
// run bench -- [PART...] [--rounds N] [--json FILE] [--cluster local|kubernetes]
const PARTS = [
  'start',
  'merge',
  'summary',
  'read',
  'dumps',
  'path',
  'growth',
  'gigabytes',
  'warm',
  'cold',
  'exec',
  'ports',
  'fetch',
  'fetch-busybox',
  'slow-fetch',
  'completion',
  'extcap',
  'loss',
  'many',
  'node',
];
const { values, positionals: requested } = parseArgs({
  allowPositionals: true,
  options: {
    // The recorded results, for scripts/performance.ts. A ratio needs at least 21 rounds.
    json: { type: 'string' },
    rounds: { type: 'string' },
    cluster: { type: 'string', default: 'local' },
  },
});
const DEFAULT_ROUNDS = {
  start: 21,
  merge: 5,
  summary: 3,
  read: 21,
  gigabytes: 1,
  dumps: 3,
  path: 5,
  warm: 21,
  cold: 21,
  exec: 7,
  ports: 3,
  fetch: 5,
  'fetch-busybox': 5,
  'slow-fetch': 5,
  completion: 21,
  extcap: 21,
  loss: 3,
  node: 3,
};
const WITHOUT_CLUSTER = ['start', 'merge', 'summary', 'read', 'dumps', 'growth', 'gigabytes'];

const ROUNDS = Object.fromEntries(
  Object.entries(DEFAULT_ROUNDS).map(([part, rounds]) => [part, Number(values.rounds ?? rounds)]),
) as typeof DEFAULT_ROUNDS;
const keepResults = (cluster: string) => {
  if (values.json !== undefined) keepIn(values.json, cluster);
};
const unknown = requested.find((part) => !PARTS.includes(part));
if (unknown !== undefined) {
  console.error(`unknown part "${unknown}": one of ${PARTS.join(', ')}; all without one`);
  process.exit(2);
}
const isRequested = (part: string) => requested.length === 0 || requested.includes(part);

// Measured before the cluster is started.
keepResults('none');
if (isRequested('start')) await benchStart(ROUNDS.start);
if (isRequested('merge')) await benchMerge(ROUNDS.merge);
if (isRequested('summary')) await benchSummary(ROUNDS.summary);
if (isRequested('read')) await benchRead(ROUNDS.read);
if (isRequested('dumps')) await benchTopologyDumps(ROUNDS.dumps);
// It takes minutes, so it only runs on request.
if (requested.includes('growth')) await benchGrowth();
if (requested.includes('gigabytes')) await benchSummary(ROUNDS.gigabytes, true);
if (requested.length > 0 && requested.every((part) => WITHOUT_CLUSTER.includes(part))) {
  process.exit();
}

const cluster = await startBenchCluster(values.cluster);
try {
  keepResults(cluster.name);
  const clients = findClients(cluster.kubeconfig);
  console.log(nameClients(clients));
  await runPod(clients, 'bench-sink', { command: ['sleep', '3600'] });
  const address = ['get', 'pod', 'bench-sink', '-o', 'jsonpath={.status.podIP}'];
  const { stdout: sink } = await run(clients, [clients.kubectl, ...address], { keep: true });
  if (isRequested('warm')) await benchWarm(clients, sink, ROUNDS.warm);
  if (isRequested('path')) await benchTopology(clients, ROUNDS.path);
  if (isRequested('cold')) await benchCold(clients, sink, ROUNDS.cold);
  if (isRequested('exec')) await benchThroughput(clients, ROUNDS.exec);
  if (isRequested('completion')) await benchCompletion(clients, ROUNDS.completion);
  if (isRequested('extcap')) await benchExtcap(clients, ROUNDS.extcap);
  if (isRequested('fetch')) await benchFetch(clients, cluster, ROUNDS.fetch, 'debian');
  if (isRequested('fetch-busybox'))
    await benchFetch(clients, cluster, ROUNDS['fetch-busybox'], 'busybox');
  if (isRequested('slow-fetch')) await benchSlowFetch(clients, cluster, ROUNDS['slow-fetch']);
  if (isRequested('ports')) await benchPorts(clients, ROUNDS.ports);
  if (isRequested('loss')) await benchLoss(clients, ROUNDS.loss);
  if (isRequested('many')) await benchMany(clients, sink);
  if (isRequested('node')) await benchOneNode(clients, sink, ROUNDS.node);
} finally {
  await cluster.close();
}
