import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clients, type CommandLine, run } from './clients.ts';
import { atMost, figure, heading, median, megabytes, milliseconds, spread } from './figures.ts';
import { interleave } from './interleave.ts';
import { podAddress, writeFacts } from './madeFacts.ts';
import { DEBUGGER_IMAGE, deletePods, runPod } from './pods.ts';

const PROGRAM = join(import.meta.dirname, '..', '..', 'dist', 'kubectl-netdebug');
const TIME_LIMIT = 2_000;
const NAMESPACES_MEMORY = 150e6;

/** Large dumps, read by the program as users run it, without a cluster. */
export async function benchTopologyDumps(rounds: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'netdebug-bench-'));
  try {
    heading('Dumps: processor time and memory of the whole program');
    const oneNode = join(folder, 'one.json');
    writeFacts(oneNode, 1, 500);
    const listed = await measured(['netns', '--from', oneNode], rounds);
    report('netns, a node with 500 namespaces', listed);
    figure(
      '  memory',
      megabytes(listed.memory),
      atMost(listed.memory, NAMESPACES_MEMORY, megabytes(NAMESPACES_MEMORY)),
    );
    report(
      'path in it, from pod to pod',
      await measured(['path', 'shop/pod-0-7', 'shop/pod-0-400', '--from', oneNode], rounds),
    );
    const many = join(folder, 'many.json');
    writeFacts(many, 1_000, 30);
    const result = await measured(['who', podAddress(515, 15), '--from', many], rounds);
    report('who, 1,000 nodes and 30,000 pods', result);
    figure('  memory', megabytes(result.memory));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Measured {
  readonly times: readonly number[];
  readonly memory: number;
}

function report(name: string, { times }: Measured): void {
  figure(
    name,
    spread(times, milliseconds),
    atMost(median(times), TIME_LIMIT, milliseconds(TIME_LIMIT)),
  );
}

/** CPU time, because other programs affect the elapsed time, and memory. Both come from GNU time. */
async function measured(words: readonly string[], rounds: number): Promise<Measured> {
  const times: number[] = [];
  let memory = 0;
  for (let round = 0; round < rounds; round++) {
    const child = spawn('/usr/bin/time', ['-f', '\n%U %S %M', PROGRAM, ...words], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, KUBECONFIG: '/nonexistent' },
    });
    let output = '';
    child.stderr.on('data', (chunk) => {
      output += chunk;
    });
    const [code] = await once(child, 'close');
    if (code !== 0) throw new Error(`${words.join(' ')} ended with ${code}: ${output}`);
    const [user = 0, system = 0, kibibytes = 0] = (output.trim().split('\n').at(-1) ?? '')
      .split(' ')
      .map(Number);
    times.push((user + system) * 1000);
    memory = Math.max(memory, kibibytes * 1024);
  }
  return { times, memory };
}

/** `path` between two nodes, compared with the time that kubectl takes to create, enter and delete the same pods. */
export async function benchTopology(clients: Clients, rounds: number): Promise<void> {
  const { kubectl, netdebug } = clients;
  heading(`Paths between two nodes, ${rounds} rounds: median [least – most]`);
  const names = ['bench-path-a', 'bench-path-b'] as const;
  const nodes = ['node-a', 'node-b'];
  for (const [at, name] of names.entries()) {
    await runPod(clients, name, { command: ['sleep', '3600'], spec: { nodeName: nodes[at] } });
  }
  const path = (...more: string[]): CommandLine => [
    netdebug,
    'path',
    ...names,
    '--image',
    DEBUGGER_IMAGE,
    ...more,
  ];
  let made = 0;
  const byHand = async () => {
    made += 1;
    const pods = nodes.map((node) => nodePod(`bench-node-${made}-${node}`, node));
    const all = pods.map(({ metadata }) => metadata.name);
    const started = performance.now();
    await run(clients, [kubectl, 'create', '-f', '-'], {
      stdin: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: pods }),
    });
    await run(clients, [
      kubectl,
      'wait',
      '--for=condition=Ready',
      ...all.map((name) => `pod/${name}`),
      '--timeout=60s',
    ]);
    await Promise.all(all.map((name) => run(clients, [kubectl, 'exec', name, '--', 'true'])));
    await deletePods(clients, all);
    return performance.now() - started;
  };
  const timed = (words: CommandLine) => async () => (await run(clients, words)).milliseconds;
  const [ours = [], theirs = []] = await interleave(rounds, [timed(path()), byHand]);
  figure('kubectl create, wait, exec, delete', spread(theirs, milliseconds));
  compare('path, from nothing', ours, theirs, 1.5);

  await run(clients, path('--keep-node', '5m'));
  const enter = `${kubectl} exec bench-path-a -- true; ${kubectl} exec bench-path-b -- true`;
  const [kept = [], execs = []] = await interleave(rounds, [
    timed(path('--keep-node', '5m')),
    timed(['sh', '-c', enter]),
  ]);
  figure('kubectl exec true, once for each node', spread(execs, milliseconds));
  compare('path with --keep-node', kept, execs, 3);
  await run(clients, [netdebug, 'cleanup', '--yes']);
  await deletePods(clients, names);
}

function compare(
  name: string,
  ours: readonly number[],
  theirs: readonly number[],
  limit: number,
): void {
  const ratio = median(ours) / median(theirs);
  figure(
    name,
    spread(ours, milliseconds),
    atMost(ratio, limit, `${limit} times; is ${ratio.toFixed(2)}`),
  );
}

/** A pod like those that netdebug creates on nodes. */
function nodePod(name: string, nodeName: string) {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: {
      nodeName,
      hostNetwork: true,
      hostPID: true,
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'main', image: DEBUGGER_IMAGE, command: ['sleep', '3600'] }],
    },
  };
}
