import { startBenchCluster } from './benchCluster.ts';
import { findClients, nameClients, run } from './clients.ts';
import { benchCold } from './cold.ts';
import { benchFetch } from './fetch.ts';
import { benchGrowth } from './growth.ts';
import { benchLoss } from './loss.ts';
import { benchMany } from './many.ts';
import { benchMerge } from './merge.ts';
import { runPod } from './pods.ts';
import { benchPorts } from './ports.ts';
import { benchStart } from './start.ts';
import { benchSummary } from './summary.ts';
import { benchThroughput } from './throughput.ts';
import { benchTopology, benchTopologyDumps } from './topology.ts';
import { benchWarm } from './warm.ts';

// Compares the built program with kubectl on the local cluster, and merging with mergecap:
// npm run bench -- [PART...]
const PARTS = [
  'start',
  'merge',
  'summary',
  'dumps',
  'path',
  'growth',
  'warm',
  'cold',
  'exec',
  'ports',
  'fetch',
  'loss',
  'many',
];
const ROUNDS = {
  start: 15,
  merge: 5,
  summary: 3,
  dumps: 3,
  path: 5,
  warm: 7,
  cold: 5,
  exec: 7,
  ports: 3,
  fetch: 5,
  loss: 3,
};
const WITHOUT_CLUSTER = ['start', 'merge', 'summary', 'dumps', 'growth'];

const asked = process.argv.slice(2);
const unknown = asked.find((part) => !PARTS.includes(part));
if (unknown !== undefined) {
  console.error(`unknown part "${unknown}": one of ${PARTS.join(', ')}; all without one`);
  process.exit(2);
}
const wanted = (part: string) => asked.length === 0 || asked.includes(part);

// These are measured before there is a cluster.
if (wanted('start')) await benchStart(ROUNDS.start);
if (wanted('merge')) await benchMerge(ROUNDS.merge);
if (wanted('summary')) await benchSummary(ROUNDS.summary);
if (wanted('dumps')) await benchTopologyDumps(ROUNDS.dumps);
// It takes minutes: only when it is asked for.
if (asked.includes('growth')) await benchGrowth();
if (asked.length > 0 && asked.every((part) => WITHOUT_CLUSTER.includes(part))) process.exit();

const cluster = await startBenchCluster();
try {
  const clients = findClients(cluster.kubeconfig);
  console.log(nameClients(clients));
  await runPod(clients, 'bench-sink', { command: ['sleep', '3600'] });
  const address = ['get', 'pod', 'bench-sink', '-o', 'jsonpath={.status.podIP}'];
  const { stdout: sink } = await run(clients, [clients.kubectl, ...address], { keep: true });
  if (wanted('warm')) await benchWarm(clients, sink, ROUNDS.warm);
  if (wanted('path')) await benchTopology(clients, ROUNDS.path);
  if (wanted('cold')) await benchCold(clients, sink, ROUNDS.cold);
  if (wanted('exec')) await benchThroughput(clients, ROUNDS.exec);
  if (wanted('fetch')) await benchFetch(clients, ROUNDS.fetch);
  if (wanted('ports')) await benchPorts(clients, ROUNDS.ports);
  if (wanted('loss')) await benchLoss(clients, ROUNDS.loss);
  if (wanted('many')) await benchMany(clients, sink);
} finally {
  await cluster.close();
}
